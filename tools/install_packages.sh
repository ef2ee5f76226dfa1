#!/usr/bin/env bash
# Installs the distribution packages that are missing: tools/install_packages.sh build|test|lint|bench
# Debian 12 and Ubuntu 24.04; as root, or with sudo. Does nothing, quickly, when all are there.
set -euo pipefail

have() { dpkg-query -W -f='${db:Status-Status}\n' "$1" 2>/dev/null | grep -qx installed; }

boost=1.81
if [ -r /etc/os-release ] && grep -q '^ID=ubuntu' /etc/os-release; then boost=1.83; fi

build=(g++ cmake ninja-build pkg-config ca-certificates libboost$boost-dev libboost-url$boost-dev libsimdjson-dev libfmt-dev libspdlog-dev
       prometheus-cpp-dev libtoml11-dev libcli11-dev libexpected-dev libsqlite3-dev libpq-dev zlib1g-dev libssl-dev libgtest-dev libgmock-dev
       libbenchmark-dev liburing-dev libc-ares-dev)
postgresql=postgresql-15
if [ $boost = 1.83 ]; then postgresql=postgresql; fi
tests=(openssl curl python3 python3-websockets chromium fonts-dejavu-core nginx haproxy $postgresql)
bench=(openssl python3)
lint=(clang-14 libclang-rt-14-dev clang-format-14 clang-tidy-14)

case "${1:-}" in
  build) wanted=("${build[@]}") ;;
  test)  wanted=("${tests[@]}") ;;
  bench) wanted=("${bench[@]}") ;;
  lint)  wanted=("${lint[@]}") ;;
  *) echo "usage: $0 build|test|lint|bench" >&2; exit 2 ;;
esac
if [ "$1" = test ] && grep -q '^ID=ubuntu' /etc/os-release 2>/dev/null; then
  wanted=("${wanted[@]/chromium/}")  # there it is a snap; the browser tests skip, saying so
fi

missing=()
for package in "${wanted[@]}"; do
  if [ -n "$package" ] && ! have "$package"; then missing+=("$package"); fi
done
# Any Node.js will do to fetch the one that the dashboard is built with.
if [ "$1" = build ] && ! { command -v node && command -v npm; } >/dev/null 2>&1; then missing+=(nodejs npm); fi
[ ${#missing[@]} -eq 0 ] && exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "These packages are missing and this user cannot install them: ${missing[*]}" >&2; exit 1; }
  as_root=(sudo)
fi
# Proxies and databases are run by the tests, each with a configuration of its own: no service of them may start, now
# or at the next boot. Until the packages are set up, policy-rc.d says so (101: not allowed); what was there before comes back.
services=()
for package in nginx haproxy $postgresql; do
  case " ${missing[*]} " in *" $package "*) services+=("${package%%-*}") ;; esac
done
policy=/usr/sbin/policy-rc.d
forbid_services() {
  if [ -e $policy ]; then "${as_root[@]}" mv $policy $policy.before-tickspan; fi
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee $policy >/dev/null
  "${as_root[@]}" chmod 755 $policy
  trap allow_services EXIT
}
allow_services() {
  "${as_root[@]}" rm -f $policy
  if [ -e $policy.before-tickspan ]; then "${as_root[@]}" mv $policy.before-tickspan $policy; fi
  if command -v systemctl >/dev/null; then "${as_root[@]}" systemctl disable --quiet "${services[@]}" 2>/dev/null || true; fi
}

echo "== Installing ${#missing[@]} packages: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -q -o=Dpkg::Use-Pty=0
if [ ${#services[@]} -gt 0 ]; then forbid_services; fi
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q -o=Dpkg::Use-Pty=0 --no-install-recommends "${missing[@]}"
