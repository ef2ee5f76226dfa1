#!/bin/sh
# Builds the dashboard into web/dist: a current Node.js from npm (a distribution's may be too old), the packages of the
# lock file, then the bundle. Does only what has changed since the last time; any step that fails ends it.
set -eu
cd "$(dirname "$0")"

say() { printf 'web: %s\n' "$*"; }
# One checksum over the names and contents of files.
sum() { find "$@" -type f -print | LC_ALL=C sort | xargs cksum | cksum; }
fresh() { [ -f "$1" ] && [ "$(cat "$1")" = "$2" ]; }

command -v npm >/dev/null 2>&1 || { say "npm is missing: apt-get install nodejs npm" >&2; exit 1; }

# Node.js brings its own list of authorities; a mirror or proxy may be signed by one that only the system knows.
if [ -z "${NODE_EXTRA_CA_CERTS:-}" ] && [ -f /etc/ssl/certs/ca-certificates.crt ]; then
  export NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt
fi

node_sum=$(sum node/package.json node/package-lock.json node/.npmrc)
if ! fresh node/node_modules/.stamp "$node_sum" || ! node/node_modules/.bin/node --version >/dev/null 2>&1; then
  say "fetching Node.js from the npm registry"
  (cd node && npm ci --no-progress)
  node/node_modules/.bin/node --version >/dev/null 2>&1 || {
    say "the npm package 'node' has no working build for this machine, or npm was told not to run install scripts" >&2
    exit 1
  }
  echo "$node_sum" >node/node_modules/.stamp
fi
PATH="$PWD/node/node_modules/.bin:$PATH"
export PATH

packages_sum="$node_sum $(sum package.json package-lock.json .npmrc)"
if ! fresh node_modules/.stamp "$packages_sum"; then
  say "fetching packages with Node.js $(node --version)"
  npm ci --no-progress
  echo "$packages_sum" >node_modules/.stamp
fi

sources_sum="$packages_sum $(sum src public cryptos scripts index.html vite.config.ts tsconfig.json)"
# The stamp stays out of dist: all that is in there goes into the program.
if [ -f dist/index.html ] && fresh node_modules/.dist-stamp "$sources_sum"; then
  say "dist is up to date"
else
  say "building"
  npm run --silent build
  echo "$sources_sum" >node_modules/.dist-stamp
  say "done: $(du -sh dist | cut -f1) in web/dist"
fi
