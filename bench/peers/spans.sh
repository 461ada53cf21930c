#!/bin/bash
# A server with ten million spans: sent over OTLP/HTTP protobuf (ten attributes each, 48 services of three instances, some 800 operations and statements, a million traces), all of them kept. Tells bytes on
# disk a span, the server's memory, and how long it takes to answer for a trace by its id, for top lists over an hour and for searches; then how long it takes to be there again after it was ended, and
# after it was killed while spans came, until it answers for a trace of the beginning. Every trace that is asked for has to be whole. Sender and server share the same cores.
#
# usage: bench/peers/spans.sh [--smoke] [--spans N] [--rate N] [--in FOLDER]     (N spans a second; a folder on the disk to be measured, default /tmp; ten million take some 6 GB there for a while)
# needs: curl
set -euo pipefail

spans=10000000 rate=40000 lookups=500 where=/tmp
while [ $# -gt 0 ]; do
  case "$1" in
    --smoke) spans=150000 lookups=50 ;;
    --spans) spans=$2; shift ;;
    --rate) rate=$2; shift ;;
    --in) where=$2; shift ;;
    *) sed -n '2,8p' "$0" >&2; exit 2 ;;
  esac
  shift
done
. "$(dirname "$0")/lib/peers.sh"
needs curl
mainstay=${MAINSTAY:-$root/artifacts/bin/Host/release/mainstay}
[ -x "$mainstay" ] || { echo "build it first: dotnet build -c Release src/Host" >&2; exit 2; }
workplace "$where"
otlp=$base api=http://127.0.0.1:$((base + 1))
export MAINSTAY_TRACE_BUDGET=1000000 MAINSTAY_KEEP_TRACES=365d,1Ti
serve() { start server "$otlp" "$mainstay" server --data "$folder/data" --server "$api" --listen "$api" --otlp-http "$otlp" --otlp-grpc off --zipkin off; }
fill() { "$bench" spans fill --http "http://127.0.0.1:$otlp" --api "$api" --rate "$rate" "$@"; }
memory() { awk -v what="$1" '/^VmRSS|^VmHWM/ { v[$1] = $2 / 1024 } END { printf "%s: RSS of the server %.0f MiB, at most %.0f MiB\n", what, v["VmRSS:"], v["VmHWM:"] }' "/proc/$server_pid/status"; }
now() { date +%s%3N; }

again() { # what: starts the server and waits for a trace of the beginning
  local began first
  first=$(head -n 1 "$folder/ids" | cut -d' ' -f1)
  began=$(now)
  "$mainstay" server --data "$folder/data" --server "$api" --listen "$api" --otlp-http "$otlp" --otlp-grpc off --zipkin off > "$folder/server.log" 2>&1 <&9 &
  server_pid=$!
  pids+=($!)
  until curl -sf -o /dev/null "$api/api/v1/traces/$first"; do
    [ $(($(now) - began)) -lt 60000 ] || { cat "$folder/server.log" >&2; exit 1; }
    sleep 0.01
  done
  echo "$1: $(($(now) - began)) ms from its start until it answered for a trace of the beginning"
}

serve
fill --spans "$spans" --ids "$folder/ids"
memory "filled"
du -sb "$folder/data/telemetry/traces" | awk -v n="$spans" '{ printf "the folder of traces: %d bytes, %.1f a span\n", $1, $1 / n }'
"$bench" spans ask --api "$api" --ids "$folder/ids" --lookups "$lookups"

kill -TERM "$server_pid"; wait "$server_pid" || true
again "ended and started"
"$bench" spans ask --api "$api" --ids "$folder/ids" --lookups "$lookups" --ids-only
memory "after its start"

# Killed while spans come at the rate, with what came in the last seconds not decided yet. What was acknowledged until half a second before has to be there.
fill --spans $((rate * 60)) --seed 2 --no-wait --ids "$folder/ids.late" > "$folder/fill.log" 2>&1 &
pids+=($!)
sleep "$([ "$spans" -gt 1000000 ] && echo 25 || echo 4)"
killed=$(now)
kill -KILL "$server_pid"; wait "$server_pid" 2>/dev/null || true
du -sb "$folder"/data/telemetry/traces/hot-* | awk '{ n += $1 } END { printf "killed with %.0f MiB of spans that were not decided\n", n / 1048576 }'
again "killed and started"
"$bench" spans ask --api "$api" --ids "$folder/ids" --lookups "$lookups" --ids-only
echo "of those that came until half a second before it was killed:"
"$bench" spans ask --api "$api" --ids "$folder/ids.late" --lookups "$lookups" --ids-only --until $((killed - 500))
memory "after that"
"$bench" top
