#!/usr/bin/env bash
# tools/bench_memory.sh BUILD_DIR [SECONDS]: resident memory of `tickspan serve` with 300 simulated coins after SECONDS (60).
set -euo pipefail
program=$1/tickspan seconds=${2:-60}
work=$(mktemp -d)
cleanup() { kill "${server:-}" "${simulator:-}" 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$work"; }
trap cleanup EXIT
"$program" simulate --listen 127.0.0.1:0 --assets 300 --rate 500 > "$work/sim.toml" & simulator=$!
for _ in $(seq 100); do grep -q '# Listening' "$work/sim.toml" && break; read -rt 0.1 <> <(:) || true; done
port=$(( 20000 + RANDOM % 20000 ))
"$program" serve --config "$work/sim.toml" --data "$work/data" --listen 127.0.0.1:$port > "$work/out" 2> "$work/err" & server=$!
read -rt "$seconds" <> <(:) || true
curl -s "http://127.0.0.1:$port/api/v1/status" | tr ',' '\n' | grep -E '"(assets|priced|live)":' | tr '\n' ' '
awk '/^VmRSS|^VmHWM/ {printf "%s %.1f MB  ", $1, $2 / 1024}' "/proc/$server/status"
echo "(limit: 100 MB)"
