#!/usr/bin/env bash
# tools/test_timescale.sh BUILD_DIR: the store's conformance suite on a real TimescaleDB.
# With TICKSPAN_POSTGRES_PORT on the server that runs on that port of 127.0.0.1 (superuser `tick`, password `s3cret pass`;
# its database `test` is made anew), whatever its build and licence: tests for another are skipped, saying so.
# Else on Debian 13's (Apache licence), from a system made once under BUILD_DIR/trixie (about 500 MB), on a directory of
# its own. As root, since a system is made and entered by chroot.
set -euo pipefail
build=$(realpath "$1")

run_tests() { # PORT
  TICKSPAN_POSTGRES_PORT=$1 "$build/tests/storage_test" --gtest_filter='*Conformance*/postgres'
  TICKSPAN_POSTGRES_PORT=$1 "$build/tests/storage_postgres_test" \
    --gtest_filter='Seeds/PostgresRollupSeed*:PostgresTimescale.*:TimescalePolicies.*'
}
if [ -n "${TICKSPAN_POSTGRES_PORT:-}" ]; then
  run_tests "$TICKSPAN_POSTGRES_PORT"
  exit
fi

root=$build/trixie
port=$((20000 + RANDOM % 10000))
[ "$(id -u)" -eq 0 ] || { echo "make test-timescale needs root: it makes a system and enters it" >&2; exit 1; }
command -v debootstrap >/dev/null || apt-get install -y -q --no-install-recommends debootstrap
if [ ! -e "$root/.made" ]; then
  rm -rf "$root"
  debootstrap --variant=minbase trixie "$root"
  printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
  chmod 755 "$root/usr/sbin/policy-rc.d"
  chroot "$root" apt-get install -y -q --no-install-recommends postgresql-17 postgresql-17-timescaledb
  touch "$root/.made"
fi

data=/tmp/tickspan-timescale.$$
in_root() { chroot --userspec=postgres:postgres "$root" /usr/bin/env -i LC_ALL=C "$@"; }
bin=/usr/lib/postgresql/17/bin
end() {
  in_root $bin/pg_ctl -D $data -m immediate -w stop >/dev/null || true
  rm -rf "${root:?}$data" "$root/tmp/tickspan-timescale.$$".*
}
trap end EXIT
echo "s3cret pass" >"$root/tmp/tickspan-timescale.$$.password"
chmod 644 "$root/tmp/tickspan-timescale.$$.password"
in_root $bin/initdb -D $data -U tick --pwfile=/tmp/tickspan-timescale.$$.password -A scram-sha-256 -E UTF8 --locale=C \
  --no-sync --no-instructions >/dev/null
cat >>"$root$data/postgresql.conf" <<END
listen_addresses = '127.0.0.1'
port = $port
unix_socket_directories = '/tmp'
fsync = off
shared_buffers = 16MB
END
# Installed, and not loaded: as it is after the package's installation alone.
in_root $bin/pg_ctl -D $data -l $data.log -w start >/dev/null
TICKSPAN_POSTGRES_PORT=$port "$build/tests/storage_postgres_test" --gtest_filter='PostgresTimescale.AServerThatHasIt*'
cat >>"$root$data/postgresql.conf" <<END
shared_preload_libraries = 'timescaledb'
timescaledb.license = 'apache'
timescaledb.telemetry_level = off
END
in_root $bin/pg_ctl -D $data -l $data.log -w restart >/dev/null
run_tests "$port"
