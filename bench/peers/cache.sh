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
for tool in nginx haproxy wrk taskset; do
  command -v "$tool" >/dev/null || { echo "$tool is not installed" >&2; exit 2; }
done

root=$(cd "$(dirname "$0")/../.." && pwd)
bench=${BENCH:-$root/artifacts/bin/Bench/release/Mainstay.Bench}
[ -x "$bench" ] || { echo "build it first: dotnet build -c Release bench/Bench" >&2; exit 2; }

memory=/tmp
[ -d /dev/shm ] && [ -w /dev/shm ] && memory=/dev/shm
folder=$(mktemp -d -p "$memory")
chmod 755 "$folder" # nginx started by root reads as another user
pids=()
finish() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf "$folder"
}
trap finish EXIT

base=$((20000 + RANDOM % 20000))
upstream=$base cached=$((base + 1)) asking=$((base + 2)) nginx=$((base + 3)) haproxy=$((base + 4))
mkdir "$folder/www" "$folder/kept"
chmod 777 "$folder/kept"
head -c "$bytes" /dev/zero | tr '\0' x > "$folder/www/object"

nginx_common="daemon off; worker_processes 1; error_log $folder/error.log;
events { worker_connections 8192; }"
nginx_http="access_log off; keepalive_requests 1000000000; keepalive_timeout 3600s; sendfile on; tcp_nopush on; tcp_nodelay on;
client_body_temp_path $folder/t1; proxy_temp_path $folder/t2; fastcgi_temp_path $folder/t3; uwsgi_temp_path $folder/t4; scgi_temp_path $folder/t5;"

cat > "$folder/upstream.conf" <<END
pid $folder/upstream.pid; $nginx_common
http { $nginx_http open_file_cache max=10; server { listen 127.0.0.1:$upstream; root $folder/www; add_header Cache-Control "max-age=86400"; } }
END
cat > "$folder/nginx.conf" <<END
pid $folder/nginx.pid; $nginx_common
http { $nginx_http open_file_cache max=100;
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
start() { # name port core command...
  local name=$1 port=$2 core=$3
  shift 3
  taskset -c "$core" "$@" > "$folder/$name.log" 2>&1 &
  eval "${name}_pid=$!"
  pids+=($!)
  for _ in $(seq 200); do
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then return; fi
    sleep 0.05
  done
  echo "$name did not start:" >&2
  cat "$folder/$name.log" >&2
  exit 1
}

ticks() { # user + system ticks of a process and its children
  local pid total=0 line
  for pid in "$1" $(pgrep -P "$1" || true); do
    line=$(cat "/proc/$pid/stat") || continue
    line=${line##*) }
    set -- $line
    total=$((total + ${12} + ${13}))
  done
  echo "$total"
}

start upstream "$upstream" 1 nginx -p "$folder" -c "$folder/upstream.conf"
start cached "$cached" 0 env DOTNET_TieredPGO=1 "$bench" gateway --cached --listen "$cached" --to "$upstream"
start asking "$asking" 0 env DOTNET_TieredPGO=1 "$bench" gateway --listen "$asking" --to "$upstream" --transport epoll
start nginx "$nginx" 0 nginx -p "$folder" -c "$folder/nginx.conf"
start haproxy "$haproxy" 0 haproxy -db -f "$folder/haproxy.cfg"
hz=$(getconf CLK_TCK)

measure() { # name port seconds -> "microseconds-per-request requests-per-second"
  local pid_name="${1}_pid" before after requests
  before=$(ticks "${!pid_name}")
  requests=$(taskset -c 1 wrk -t1 -c"$connections" -d"$3s" "http://127.0.0.1:$2/object" | awk '/requests in/ { done = $1 } /Non-2xx|Socket errors/ { failed = 1 } END { print failed ? 0 : done }')
  after=$(ticks "${!pid_name}")
  [ "${requests:-0}" -gt 0 ] || { echo "$1: no clean run" >&2; exit 1; }
  awk -v t=$((after - before)) -v hz="$hz" -v n="$requests" -v s="$3" 'BEGIN { printf "%.2f %d\n", t / hz * 1e6 / n, n / s }'
}

# Warm: ours until its code is compiled for good, the others for a moment; then everything that can be is kept.
peers="cached nginx haproxy asking"
for name in nginx haproxy; do measure $name "${!name}" 1 > /dev/null; done
for _ in $(seq "$warm"); do for name in cached asking; do measure $name "${!name}" 1 > /dev/null; done; done
# shellcheck disable=SC2086
printf '%-6s%18s%18s%18s%18s   (µs of CPU per request; requests per second behind)\n' round $peers
for round in $(seq "$rounds"); do
  line=$(printf '%-6s' "$round")
  for name in $peers; do
    read -r cpu rate <<< "$(measure "$name" "${!name}" "$seconds")"
    echo "$cpu" >> "$folder/$name.cpu"
    line+=$(printf '%18s' "$cpu ($rate)")
  done
  echo "$line"
done
median() { sort -n "$folder/$1.cpu" | awk '{ v[NR] = $1 } END { print (NR % 2) ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }
awk -v o="$(median cached)" -v n="$(median nginx)" -v h="$(median haproxy)" -v a="$(median asking)" 'BEGIN {
  printf "median: ours %.2f µs, nginx %.2f µs, haproxy %.2f µs; ours without a cache %.2f µs\n", o, n, h, a
  printf "ours / nginx = %.2f, ours / haproxy = %.2f; cached / asking = %.2f\n", o / n, o / h, o / a }'
kill -TERM "$cached_pid"; wait "$cached_pid" || true
cat "$folder/cached.log"
