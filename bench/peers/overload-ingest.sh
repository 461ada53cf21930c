#!/bin/bash
# What telemetry that comes five times as fast as it can be taken in does to requests: a whole "mainstay up" with one service (nginx), a steady open load through its gateway, and a sender of spans over
# OTLP/HTTP protobuf (ten attributes each, batches of 500). First the load alone; then beside as many spans as are taken; then beside so many times that, due on a clock whatever became of those before.
# Tells the 99th percentile of the requests each time, what was acknowledged and turned away beside what the server counted, and its memory. Sender, server, gateway and service share the same cores; the
# sender, which would be other machines, has the lowest priority ("--nice 0" for the same as all others).
#
# usage: bench/peers/overload-ingest.sh [--smoke] [--seconds N] [--rate N] [--times N] [--connections N] [--nice N]     (requests a second, default 300)
# needs: nginx curl
set -euo pipefail

seconds=20 rate=300 times=5 connections=800 nice=19
while [ $# -gt 0 ]; do
  case "$1" in
    --smoke) seconds=4 ;;
    --seconds) seconds=$2; shift ;;
    --rate) rate=$2; shift ;;
    --times) times=$2; shift ;;
    --connections) connections=$2; shift ;;
    --nice) nice=$2; shift ;;
    *) sed -n '2,9p' "$0" >&2; exit 2 ;;
  esac
  shift
done
. "$(dirname "$0")/lib/peers.sh"
needs nginx curl
mainstay=${MAINSTAY:-$root/artifacts/bin/Host/release/mainstay}
[ -x "$mainstay" ] || { echo "build it first: dotnet build -c Release src/Host" >&2; exit 2; }
ulimit -n "$(ulimit -Hn)"

workplace
api=http://127.0.0.1:$base gateway=$((base + 1)) otlp=$((base + 2))
object 1k 1024
cat > "$folder/nginx.in" <<END
pid $folder/nginx.pid; $(nginx_main 1)
http { $(nginx_http) open_file_cache max=10; server { listen 127.0.0.1:PORT; root $folder/www; } }
END
cat > "$folder/mainstay.yaml" <<END
architecture: overload
services:
  files:
    version: 1.0.0
    run: bash -c 'sed "s/PORT/\$PORT/" $folder/nginx.in > $folder/nginx.conf; exec nginx -p $folder -c $folder/nginx.conf'
    health: { path: /1k, interval: 1s, timeout: 1s, startup: 30s }
gateway:
  listen: http://127.0.0.1:$gateway
  routes: { files: { match: { path: "/{**rest}" }, to: files } }
END
"$mainstay" up "$folder" --data "$folder/data" --listen "$api" --otlp-http "$otlp" --otlp-grpc off --zipkin off --no-dashboard --no-open > "$folder/up.log" 2>&1 <&9 &
pids+=($!)
for _ in $(seq 600); do
  if curl -sf -o /dev/null "http://127.0.0.1:$gateway/1k" 2>/dev/null; then break; fi
  sleep 0.1
done
curl -sf -o /dev/null "http://127.0.0.1:$gateway/1k" || { cat "$folder/up.log" >&2; exit 1; }

load() { # name seconds -> requests, those not answered with 200, percentiles
  "$bench" offer "$gateway" /1k "$rate" "$2" "$folder/$1.requests"
  sort -n -k3 "$folder/$1.requests" | awk -v name="$1" '
    { v[NR] = $3; bad += $2 != 200 }
    END { printf "%-28s%8d requests%6d failed   p50 %7.2f ms   p99 %7.2f ms   most %7.2f ms\n", name, NR, bad, v[int(NR * 0.5) + 1] / 1000, v[int(NR * 0.99) + 1] / 1000, v[NR] / 1000 }'
}
spans() { nice -n "$nice" "$bench" ingest --http "http://127.0.0.1:$otlp" --api "$api" --seconds "$seconds" "$@"; }

load "warming up" 3 > /dev/null
load "alone" "$seconds"
spans --connections 2 > "$folder/taken" &
sender=$!
load "beside what is taken" "$seconds"
wait "$sender"
cat "$folder/taken"
taken=$(sed -n 's/^spans\/s \([0-9]*\) .*/\1/p' "$folder/taken")
spans --rate $((taken * times)) --connections "$connections" > "$folder/offered" &
sender=$!
load "beside $times times as much" "$seconds"
wait "$sender" || { cat "$folder/offered" >&2; echo "what was acknowledged and what the server counted differ" >&2; exit 1; }
cat "$folder/offered"
