#!/bin/sh
# Runs the tests with clients of others with the Node.js that web/build.sh has fetched, else with the system's. 77 means
# skipped.
here=$(cd "$(dirname "$0")" && pwd)
node="$here/../../web/node/node_modules/.bin/node"
"$node" --version >/dev/null 2>&1 || node=$(command -v node) || { echo "skipped: no Node.js; web/build.sh fetches one"; exit 77; }
exec "$node" "$here/run.mjs"
