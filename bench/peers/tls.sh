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
for tool in nginx h2load openssl taskset; do
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
upstream=$base ours=$((base + 1)) nginx=$((base + 2))
mkdir "$folder/www"
head -c 1024 /dev/zero | tr '\0' x > "$folder/www/1k"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost \
  -addext subjectAltName=DNS:localhost -keyout "$folder/key.pem" -out "$folder/cert.pem" 2>/dev/null

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
start ours "$ours" 0 env DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS=1 DOTNET_TieredPGO=1 "$bench" gateway --table "$folder/table.json"
start nginx "$nginx" 0 nginx -p "$folder" -c "$folder/nginx.conf"
hz=$(getconf CLK_TCK)

measure() { # mode name port seconds -> "microseconds-per-request requests-per-second"
  local pid_name="${2}_pid" before after requests how=(--h1)
  [ "$1" = http1 ] || how=(-m10)
  before=$(ticks "${!pid_name}")
  requests=$(taskset -c 1 h2load "${how[@]}" -t1 -c"$connections" -D"$4" --groups=X25519 \
    --tls13-ciphers=TLS_AES_128_GCM_SHA256 "https://127.0.0.1:$3/1k" 2>&1 |
    awk '/^requests:/ { failed = $10 + $12 + $14; done = $8 } /^status codes:/ { ok = $3 } END { print (failed || ok < done) ? 0 : done }')
  after=$(ticks "${!pid_name}")
  [ "${requests:-0}" -gt 0 ] || { echo "$2: no clean run" >&2; exit 1; }
  awk -v t=$((after - before)) -v hz="$hz" -v n="$requests" -v s="$4" 'BEGIN { printf "%.2f %d\n", t / hz * 1e6 / n, n / s }'
}

median() { sort -n "$folder/$1.cpu" | awk '{ v[NR] = $1 } END { print (NR % 2) ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

for mode in $modes; do
  # Warm: ours until its code is compiled for good, nginx for a moment.
  # A cold second on a busy machine may bring nothing: only measured rounds must.
  (measure "$mode" nginx "$nginx" 1) > /dev/null 2>&1 || true
  for _ in $(seq "$warm"); do (measure "$mode" ours "$ours" 1) > /dev/null 2>&1 || true; done
  printf '%-12s%16s%16s   (µs of CPU per request; requests per second behind)\n' "$mode" ours nginx
  for round in $(seq "$rounds"); do
    line=$(printf '%-12s' "$round")
    for name in ours nginx; do
      read -r cpu rate <<< "$(measure "$mode" $name "${!name}" "$seconds")"
      echo "$cpu" >> "$folder/$name-$mode.cpu"
      line+=$(printf '%16s' "$cpu ($rate)")
    done
    echo "$line"
  done
  awk -v m="$mode" -v o="$(median "ours-$mode")" -v n="$(median "nginx-$mode")" 'BEGIN {
    printf "%s median: ours %.2f µs, nginx %.2f µs; ours / nginx = %.2f\n", m, o, n, o / n }'
done
kill -TERM "$ours_pid"; wait "$ours_pid" || true
cat "$folder/ours.log"
