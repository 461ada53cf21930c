#!/bin/bash
# CPU per request of our gateway and nginx over TLS, side by side in one run: 1 KB responses, keep-alive both ways, TLS 1.3 with the same
# certificate (P-256), cipher (AES-128-GCM) and curve (X25519), each proxy pinned to core 0, load generator (h2load) and the one plain
# upstream server (nginx) on core 1. CPU is user + system time of the proxy's processes from /proc, divided by the requests that
# h2load completed; rounds alternate and the median counts. Measures HTTP/1.1 first, then HTTP/2 with 10 streams per connection.
#
# usage: bench/peers/tls.sh [--smoke] [--seconds N] [--rounds N] [--connections N] [--only http1|http2]
# needs: nginx h2load openssl taskset, two cores
set -euo pipefail

seconds=4 rounds=3 connections=64 warm=6 modes="http1 http2"
while [ $# -gt 0 ]; do
  case "$1" in
    --smoke) seconds=1 rounds=1 warm=2 ;;
    --seconds) seconds=$2; shift ;;
    --rounds) rounds=$2; shift ;;
    --connections) connections=$2; shift ;;
    --only) modes=$2; shift ;;
    *) sed -n '2,9p' "$0" >&2; exit 2 ;;
  esac
  shift
done
. "$(dirname "$0")/lib/peers.sh"
needs nginx h2load openssl taskset
workplace
upstream=$base ours=$((base + 1)) nginx=$((base + 2))
object 1k 1024
upstream_conf "$upstream" 1
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost \
  -addext subjectAltName=DNS:localhost -keyout "$folder/key.pem" -out "$folder/cert.pem" 2>/dev/null

cat > "$folder/nginx.conf" <<END
pid $folder/nginx.pid; $(nginx_main 1)
http { $(nginx_http)
  upstream s { server 127.0.0.1:$upstream; keepalive 256; keepalive_requests 1000000000; keepalive_timeout 3600s; }
  server { listen 127.0.0.1:$nginx ssl http2; http2_max_requests 1000000000;
    ssl_certificate $folder/cert.pem; ssl_certificate_key $folder/key.pem; ssl_protocols TLSv1.3; ssl_ecdh_curve X25519;
    ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256;
    location / {
    proxy_pass http://s; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host \$http_host;
    proxy_set_header X-Forwarded-For \$remote_addr; proxy_set_header X-Forwarded-Proto \$scheme;
    proxy_set_header X-Forwarded-Host \$http_host; proxy_set_header X-Request-Id \$request_id; } } }
END
cat > "$folder/table.json" <<END
{"revision":1,"listeners":[{"name":"gateway","address":"127.0.0.1","port":$ours,"kind":"Gateway",
"tls":{"certificates":[{"certificate":"$folder/cert.pem","key":"$folder/key.pem"}]}}],
"routes":[],
"clusters":[{"service":"s","endpoints":[{"instance":"s-1","host":"127.0.0.1","port":$upstream}]}]}
END

start upstream "$upstream" taskset -c 1 nginx -p "$folder" -c "$folder/upstream.conf"
start ours "$ours" taskset -c 0 env DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS=1 DOTNET_TieredPGO=1 "$bench" gateway --table "$folder/table.json"
start nginx "$nginx" taskset -c 0 nginx -p "$folder" -c "$folder/nginx.conf"

with_h2load() { # url seconds -> requests, 0 where one failed
  local how=(--h1) done=0 attempt
  [ "$mode" = http1 ] || how=(-m10)
  # Where the machine is overloaded h2load may wait for its last connections without end: it is ended, and asked once more.
  for attempt in 1 2; do
    done=$(timeout -k 5 "$(($2 + 30))" taskset -c 1 h2load "${how[@]}" -t1 -c"$connections" -D"$2" --groups=X25519 --tls13-ciphers=TLS_AES_128_GCM_SHA256 "$1" 2>&1 |
      awk '/^requests:/ { failed = $10 + $12 + $14; done = $8 } /^status codes:/ { ok = $3 } END { print (failed || ok < done) ? 0 : done }') || done=0
    [ "${done:-0}" -le 0 ] || break
  done
  echo "$done"
}

measure() { # name [seconds]
  cpu_per_request "$1" "${2:-$seconds}" with_h2load "https://127.0.0.1:${!1}/1k" "${2:-$seconds}"
}

for mode in $modes; do
  # Warm: ours until its code is compiled for good, nginx for a moment.
  # A cold second on a busy machine may bring nothing: only measured rounds must.
  (measure nginx 1) > /dev/null 2>&1 || true
  for _ in $(seq "$warm"); do (measure ours 1) > /dev/null 2>&1 || true; done
  echo "$mode"
  rm -f "$folder"/*.cpu
  rounds_of "$rounds" 16 ours nginx
  awk -v m="$mode" -v o="$(median ours)" -v n="$(median nginx)" 'BEGIN {
    printf "%s median: ours %.2f µs, nginx %.2f µs; ours / nginx = %.2f\n", m, o, n, o / n }'
done
kill -TERM "$ours_pid"; wait "$ours_pid" || true
cat "$folder/ours.log"
