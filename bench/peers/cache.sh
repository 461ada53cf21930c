#!/bin/bash
# CPU per request that is answered from the cache, of our gateway, nginx (proxy_cache, its files in memory) and haproxy (cache), side by side in one run; and of ours without a cache, which
# asks each time. 1 KB responses, keep-alive, each proxy pinned to core 0, load generator (wrk) and the one upstream server (nginx) on core 1. CPU is user + system time of the
# proxy's processes from /proc, divided by the requests that wrk completed; rounds alternate and the median counts.
#
# usage: bench/peers/cache.sh [--smoke] [--seconds N] [--rounds N] [--connections N] [--bytes N]
# needs: nginx haproxy wrk taskset, two cores
set -euo pipefail

seconds=4 rounds=3 connections=64 warm=6 bytes=1024
while [ $# -gt 0 ]; do
  case "$1" in
    --smoke) seconds=1 rounds=1 warm=2 ;;
    --seconds) seconds=$2; shift ;;
    --rounds) rounds=$2; shift ;;
    --connections) connections=$2; shift ;;
    --bytes) bytes=$2; shift ;;
    *) sed -n '2,7p' "$0" >&2; exit 2 ;;
  esac
  shift
done
. "$(dirname "$0")/lib/peers.sh"
needs nginx haproxy wrk taskset
memory=/tmp
[ -d /dev/shm ] && [ -w /dev/shm ] && memory=/dev/shm
workplace "$memory"
upstream=$base cached=$((base + 1)) asking=$((base + 2)) nginx=$((base + 3)) haproxy=$((base + 4))
mkdir "$folder/kept"
chmod 777 "$folder/kept"
object object "$bytes"
upstream_conf "$upstream" 1 'add_header Cache-Control "max-age=86400";'
cat > "$folder/nginx.conf" <<END
pid $folder/nginx.pid; $(nginx_main 1)
http { $(nginx_http) open_file_cache max=100;
  proxy_cache_path $folder/kept levels=1:2 keys_zone=kept:10m max_size=64m inactive=1d use_temp_path=off;
  upstream s { server 127.0.0.1:$upstream; keepalive 256; }
  server { listen 127.0.0.1:$nginx; location / {
    proxy_pass http://s; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host \$http_host;
    proxy_cache kept; proxy_cache_lock on; add_header X-Cache-Status \$upstream_cache_status; } } }
END
cat > "$folder/haproxy.cfg" <<END
global
  nbthread 1
  maxconn 8192
cache kept
  total-max-size 64
  max-object-size 1048576
  max-age 86400
defaults
  mode http
  timeout connect 1s
  timeout client 60s
  timeout server 30s
  http-reuse always
frontend f
  bind 127.0.0.1:$haproxy
  http-request cache-use kept
  http-response cache-store kept
  default_backend s
backend s
  server s1 127.0.0.1:$upstream pool-max-conn 512
END

start upstream "$upstream" taskset -c 1 nginx -p "$folder" -c "$folder/upstream.conf"
start cached "$cached" taskset -c 0 env DOTNET_TieredPGO=1 "$bench" gateway --cached --listen "$cached" --to "$upstream"
start asking "$asking" taskset -c 0 env DOTNET_TieredPGO=1 "$bench" gateway --listen "$asking" --to "$upstream" --transport epoll
start nginx "$nginx" taskset -c 0 nginx -p "$folder" -c "$folder/nginx.conf"
start haproxy "$haproxy" taskset -c 0 haproxy -db -f "$folder/haproxy.cfg"

measure() { # name [seconds]
  cpu_per_request "$1" "${2:-$seconds}" with_wrk "http://127.0.0.1:${!1}/object" "${2:-$seconds}" "$connections"
}

# Warm: ours until its code is compiled for good, the others for a moment; then everything that can be is kept.
for name in nginx haproxy; do measure $name 1 > /dev/null; done
for _ in $(seq "$warm"); do for name in cached asking; do measure $name 1 > /dev/null; done; done
rounds_of "$rounds" 18 cached nginx haproxy asking
awk -v o="$(median cached)" -v n="$(median nginx)" -v h="$(median haproxy)" -v a="$(median asking)" 'BEGIN {
  printf "median: ours %.2f µs, nginx %.2f µs, haproxy %.2f µs; ours without a cache %.2f µs\n", o, n, h, a
  printf "ours / nginx = %.2f, ours / haproxy = %.2f; cached / asking = %.2f\n", o / n, o / h, o / a }'
kill -TERM "$cached_pid"; wait "$cached_pid" || true
cat "$folder/cached.log"
