#!/bin/bash
# CPU per request of our gateway (event loops, and managed sockets; and with policies: 1,000 routes, limits per client and per service, levels, breaker, outlier detection), nginx, haproxy and Caddy, side by side in one run: 1 KB responses, keep-alive both ways, each proxy pinned to
# core 0, load generator (wrk) and the one upstream server (nginx) on core 1. CPU is user + system time of the proxy's processes from
# /proc, divided by the requests that wrk completed; rounds alternate and the median counts.
#
# usage: bench/peers/gateway.sh [--smoke] [--seconds N] [--rounds N] [--connections N]
# needs: nginx haproxy caddy wrk taskset, two cores
set -euo pipefail

seconds=4 rounds=3 connections=64 warm=6
while [ $# -gt 0 ]; do
  case "$1" in
    --smoke) seconds=1 rounds=1 warm=2 ;;
    --seconds) seconds=$2; shift ;;
    --rounds) rounds=$2; shift ;;
    --connections) connections=$2; shift ;;
    *) sed -n '2,9p' "$0" >&2; exit 2 ;;
  esac
  shift
done
for tool in nginx haproxy caddy wrk taskset; do
  command -v "$tool" >/dev/null || { echo "$tool is not installed" >&2; exit 2; }
done

root=$(cd "$(dirname "$0")/../.." && pwd)
bench=${BENCH:-$root/artifacts/bin/Bench/release/Mainstay.Bench}
[ -x "$bench" ] || { echo "build it first: dotnet build -c Release bench/Bench" >&2; exit 2; }

folder=$(mktemp -d)
chmod 755 "$folder" # nginx started by root reads as another user
pids=()
finish() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf "$folder"
}
trap finish EXIT

base=$((20000 + RANDOM % 12000))
upstream=$base ours=$((base + 1)) nginx=$((base + 2)) haproxy=$((base + 3)) managed=$((base + 4)) caddy=$((base + 5)) policed=$((base + 6))
mkdir "$folder/www"
head -c 1024 /dev/zero | tr '\0' x > "$folder/www/1k"

nginx_common="daemon off; worker_processes 1; error_log $folder/error.log;
events { worker_connections 8192; }"
nginx_http="access_log off; keepalive_requests 1000000000; keepalive_timeout 3600s; sendfile on; tcp_nopush on; tcp_nodelay on;
client_body_temp_path $folder/t1; proxy_temp_path $folder/t2; fastcgi_temp_path $folder/t3; uwsgi_temp_path $folder/t4; scgi_temp_path $folder/t5;"

cat > "$folder/upstream.conf" <<END
pid $folder/upstream.pid; $nginx_common
http { $nginx_http open_file_cache max=10; server { listen 127.0.0.1:$upstream; root $folder/www; } }
END
cat > "$folder/nginx.conf" <<END
pid $folder/nginx.pid; $nginx_common
http { $nginx_http
  upstream s { server 127.0.0.1:$upstream; keepalive 256; keepalive_requests 1000000000; keepalive_timeout 3600s; }
  server { listen 127.0.0.1:$nginx; location / {
    proxy_pass http://s; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host \$http_host;
    proxy_set_header X-Forwarded-For \$remote_addr; proxy_set_header X-Forwarded-Proto \$scheme;
    proxy_set_header X-Forwarded-Host \$http_host; proxy_set_header X-Request-Id \$request_id; } } }
END
cat > "$folder/haproxy.cfg" <<END
global
  nbthread 1
  maxconn 8192
defaults
  mode http
  timeout connect 1s
  timeout client 60s
  timeout server 30s
  http-reuse always
  option forwardfor
frontend f
  bind 127.0.0.1:$haproxy
  default_backend s
backend s
  server s1 127.0.0.1:$upstream pool-max-conn 512
END
cat > "$folder/Caddyfile" <<END
{
  admin off
  auto_https off
}
http://127.0.0.1:$caddy {
  reverse_proxy 127.0.0.1:$upstream {
    transport http {
      keepalive_idle_conns_per_host 512
      compression off
    }
  }
}
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
start ours "$ours" 0 env DOTNET_TieredPGO=1 "$bench" gateway --listen "$ours" --to "$upstream" --transport epoll
start policed "$policed" 0 env DOTNET_TieredPGO=1 "$bench" gateway --listen "$policed" --to "$upstream" --policies
start managed "$managed" 0 env DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS=1 DOTNET_TieredPGO=1 "$bench" gateway --listen "$managed" --to "$upstream" --transport sockets
start caddy "$caddy" 0 env HOME="$folder" XDG_DATA_HOME="$folder" XDG_CONFIG_HOME="$folder" GOMAXPROCS=1 caddy run --config "$folder/Caddyfile" --adapter caddyfile
start nginx "$nginx" 0 nginx -p "$folder" -c "$folder/nginx.conf"
start haproxy "$haproxy" 0 haproxy -db -f "$folder/haproxy.cfg"
hz=$(getconf CLK_TCK)

measure() { # name port seconds -> "requests microseconds-per-request"
  local pid_name="${1}_pid" before after requests
  before=$(ticks "${!pid_name}")
  requests=$(taskset -c 1 wrk -t1 -c"$connections" -d"$3s" "http://127.0.0.1:$2/1k" | awk '/requests in/ { done = $1 } /Non-2xx|Socket errors/ { failed = 1 } END { print failed ? 0 : done }')
  after=$(ticks "${!pid_name}")
  [ "${requests:-0}" -gt 0 ] || { echo "$1: no clean run" >&2; exit 1; }
  awk -v t=$((after - before)) -v hz="$hz" -v n="$requests" -v s="$3" 'BEGIN { printf "%.2f %d\n", t / hz * 1e6 / n, n / s }'
}

# Warm: ours until its code is compiled for good (some 10,000 requests and the compiler's own time), the others for a moment.
for name in nginx haproxy caddy; do measure $name "${!name}" 1 > /dev/null; done
for _ in $(seq "$warm"); do for name in ours policed managed; do measure $name "${!name}" 1 > /dev/null; done; done
peers="ours policed managed nginx haproxy caddy"
# shellcheck disable=SC2086
printf '%-6s%15s%15s%15s%15s%15s%15s   (µs of CPU per request; requests per second behind)\n' round $peers
for round in $(seq "$rounds"); do
  line=$(printf '%-6s' "$round")
  for name in $peers; do
    read -r cpu rate <<< "$(measure "$name" "${!name}" "$seconds")"
    echo "$cpu" >> "$folder/$name.cpu"
    line+=$(printf '%15s' "$cpu ($rate)")
  done
  echo "$line"
done
median() { sort -n "$folder/$1.cpu" | awk '{ v[NR] = $1 } END { print (NR % 2) ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }
awk -v o="$(median ours)" -v p="$(median policed)" -v m="$(median managed)" -v n="$(median nginx)" -v h="$(median haproxy)" -v c="$(median caddy)" 'BEGIN {
  printf "median: ours %.2f µs, with policies %.2f µs, managed %.2f µs, nginx %.2f µs, haproxy %.2f µs, caddy %.2f µs\n", o, p, m, n, h, c
  printf "ours / nginx = %.2f, with policies / nginx = %.2f, ours / haproxy = %.2f, ours / caddy = %.2f; managed / nginx = %.2f\n", o / n, p / n, o / h, o / c, m / n }'
kill -TERM "$ours_pid"; wait "$ours_pid" || true
cat "$folder/ours.log"
