#!/bin/bash
# Latency at a fixed, moderate rate, ours and nginx side by side in one run: 1 KB responses, keep-alive both ways, each proxy pinned to core 0,
# load generator (h2load, whose clients keep the rate whatever the answers take) and the one upstream server (nginx) on core 1. Rounds alternate;
# the median of the rounds' percentiles counts. A request that fails ends the run.
#
# usage: bench/peers/latency.sh [--smoke] [--seconds N] [--rounds N] [--connections N] [--rate N]     (N requests per second of each connection)
# needs: nginx h2load taskset, two cores
set -euo pipefail

seconds=5 rounds=5 connections=64 rate=100 warm=6
while [ $# -gt 0 ]; do
  case "$1" in
    --smoke) seconds=1 rounds=1 warm=2 ;;
    --seconds) seconds=$2; shift ;;
    --rounds) rounds=$2; shift ;;
    --connections) connections=$2; shift ;;
    --rate) rate=$2; shift ;;
    *) sed -n '2,8p' "$0" >&2; exit 2 ;;
  esac
  shift
done
. "$(dirname "$0")/lib/peers.sh"
needs nginx h2load taskset
workplace
upstream=$base ours=$((base + 1)) nginx=$((base + 2))
object 1k 1024
upstream_conf "$upstream" 1
cat > "$folder/nginx.conf" <<END
pid $folder/nginx.pid; $(nginx_main 1)
http { $(nginx_http)
  upstream s { server 127.0.0.1:$upstream; keepalive 256; keepalive_requests 1000000000; keepalive_timeout 3600s; }
  server { listen 127.0.0.1:$nginx; location / {
    proxy_pass http://s; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host \$http_host;
    proxy_set_header X-Forwarded-For \$remote_addr; proxy_set_header X-Forwarded-Proto \$scheme;
    proxy_set_header X-Forwarded-Host \$http_host; proxy_set_header X-Request-Id \$request_id; } } }
END

start upstream "$upstream" taskset -c 1 nginx -p "$folder" -c "$folder/upstream.conf"
start ours "$ours" taskset -c 0 env DOTNET_TieredPGO=1 "$bench" gateway --listen "$ours" --to "$upstream" --transport epoll
start nginx "$nginx" taskset -c 0 nginx -p "$folder" -c "$folder/nginx.conf"

percentiles() { # name seconds -> "p50 p99" in µs, of all requests
  rm -f "$folder/times"
  timeout -k 5 "$(($2 + 30))" taskset -c 1 h2load --h1 -t1 -c"$connections" --rps "$rate" -D"$2" --log-file="$folder/times" "http://127.0.0.1:${!1}/1k" > "$folder/h2load.log" 2>&1
  awk '$2 != 200 { exit 1 } { print $3 }' "$folder/times" > "$folder/taken" || { echo "$1: a request failed" >&2; exit 1; }
  sort -n "$folder/taken" | awk '{ v[NR] = $1 } END { if (NR == 0) exit 1; print v[int(NR * 0.5) + 1], v[int(NR * 0.99) + 1] }'
}

percentiles nginx 1 > /dev/null
for _ in $(seq "$warm"); do percentiles ours 1 > /dev/null; done
printf '%-6s%15s%15s   (µs: p50 p99 at %d requests per second)\n' round ours nginx $((connections * rate))
for round in $(seq "$rounds"); do
  line=$(printf '%-6s' "$round")
  for name in ours nginx; do
    read -r p50 p99 <<< "$(percentiles $name "$seconds")"
    echo "$p99" >> "$folder/$name.cpu"
    echo "$p50" >> "$folder/$name-p50.cpu"
    line+=$(printf '%15s' "$p50 $p99")
  done
  echo "$line"
done
awk -v o="$(median ours)" -v n="$(median nginx)" -v p="$(median ours-p50)" -v q="$(median nginx-p50)" 'BEGIN {
  printf "median p50: ours %d µs, nginx %d µs, ratio %.2f\nmedian p99: ours %d µs, nginx %d µs, ratio %.2f\n", p, q, p / q, o, n, o / n }'
kill -TERM "$ours_pid"; wait "$ours_pid" || true
