#!/bin/bash
# CPU per request of our gateway (event loops, and managed sockets; and with policies: 1,000 routes, limits per client and per service, levels, breaker, outlier detection), nginx, haproxy and Caddy, side by side in one run: 1 KB responses, keep-alive both ways, each proxy pinned to
# core 0, load generator (wrk) and the one upstream server (nginx, answering from memory, so that the proxies have more to do than what stands around them) on core 1. CPU is user + system time of the proxy's processes from
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
. "$(dirname "$0")/lib/peers.sh"
needs nginx haproxy caddy wrk taskset
workplace
upstream=$base ours=$((base + 1)) nginx=$((base + 2)) haproxy=$((base + 3)) managed=$((base + 4)) caddy=$((base + 5)) policed=$((base + 6))
upstream_conf "$upstream" 1 "location = /1k { default_type text/plain; return 200 $(head -c 1024 /dev/zero | tr '\0' x); }"
cat > "$folder/nginx.conf" <<END
pid $folder/nginx.pid; $(nginx_main 1)
http { $(nginx_http)
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

start upstream "$upstream" taskset -c 1 nginx -p "$folder" -c "$folder/upstream.conf"
start ours "$ours" taskset -c 0 env DOTNET_TieredPGO=1 "$bench" gateway --listen "$ours" --to "$upstream" --transport epoll
start policed "$policed" taskset -c 0 env DOTNET_TieredPGO=1 "$bench" gateway --listen "$policed" --to "$upstream" --policies
start managed "$managed" taskset -c 0 env DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS=1 DOTNET_TieredPGO=1 "$bench" gateway --listen "$managed" --to "$upstream" --transport sockets
start caddy "$caddy" taskset -c 0 env HOME="$folder" XDG_DATA_HOME="$folder" XDG_CONFIG_HOME="$folder" GOMAXPROCS=1 caddy run --config "$folder/Caddyfile" --adapter caddyfile
start nginx "$nginx" taskset -c 0 nginx -p "$folder" -c "$folder/nginx.conf"
start haproxy "$haproxy" taskset -c 0 haproxy -db -f "$folder/haproxy.cfg"

measure() { # name [seconds]
  cpu_per_request "$1" "${2:-$seconds}" with_wrk "http://127.0.0.1:${!1}/1k" "${2:-$seconds}" "$connections"
}

# Warm: ours until its code is compiled for good (some 10,000 requests and the compiler's own time), the others for a moment.
for name in nginx haproxy caddy; do measure $name 1 > /dev/null; done
for _ in $(seq "$warm"); do for name in ours policed managed; do measure $name 1 > /dev/null; done; done
rounds_of "$rounds" 15 ours policed managed nginx haproxy caddy
awk -v o="$(median ours)" -v p="$(median policed)" -v m="$(median managed)" -v n="$(median nginx)" -v h="$(median haproxy)" -v c="$(median caddy)" 'BEGIN {
  printf "median: ours %.2f µs, with policies %.2f µs, managed %.2f µs, nginx %.2f µs, haproxy %.2f µs, caddy %.2f µs\n", o, p, m, n, h, c
  printf "ours / nginx = %.2f, with policies / nginx = %.2f, ours / haproxy = %.2f, ours / caddy = %.2f; managed / nginx = %.2f\n", o / n, p / n, o / h, o / c, m / n }'
kill -TERM "$ours_pid"; wait "$ours_pid" || true
cat "$folder/ours.log"
