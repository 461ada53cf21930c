# shellcheck shell=bash
# What the scripts that measure side by side share. Sourced; "needs TOOL..." first, then "workplace".

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
# Native code as the binary is, where it was built (bench/Bench/Bench.csproj says how); else on the .NET runtime.
bench=${BENCH:-$root/artifacts/bench/Mainstay.Bench}
[ -x "$bench" ] || bench=$root/artifacts/bin/Bench/release/Mainstay.Bench
hz=$(getconf CLK_TCK)
pids=()

needs() { # tools...
  local tool
  for tool in "$@"; do
    command -v "$tool" >/dev/null || { echo "$tool is not installed" >&2; exit 2; }
  done
  [ -x "$bench" ] || { echo "build it first: dotnet build -c Release bench/Bench" >&2; exit 2; }
}

workplace() { # [where] -> $folder, gone at the end with everything that was started; $base, the first of some ports
  folder=$(mktemp -d -p "${1:-/tmp}")
  chmod 755 "$folder" # nginx started by root reads as another user
  mkdir "$folder/www"
  mkfifo "$folder/silence"
  exec 9<> "$folder/silence" # input that says nothing and does not end
  base=$((20000 + RANDOM % 10000))
  trap finish EXIT
}

finish() {
  local pid
  exec 4>&- # who is held goes by himself
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf "$folder"
}

object() { # name bytes: a file that the upstream serves
  head -c "$2" /dev/zero | tr '\0' x > "$folder/www/$1"
}

# What every nginx here has: nginx_main WORKERS, and the terms of its http block.
nginx_main() {
  echo "daemon off; worker_processes $1; error_log $folder/error.log; worker_rlimit_nofile $(ulimit -Hn); events { worker_connections 16384; }"
}

nginx_http() {
  echo "access_log off; keepalive_requests 1000000000; keepalive_timeout 3600s; sendfile on; tcp_nopush on; tcp_nodelay on;
client_body_temp_path $folder/t1; proxy_temp_path $folder/t2; fastcgi_temp_path $folder/t3; uwsgi_temp_path $folder/t4; scgi_temp_path $folder/t5;"
}

upstream_conf() { # port workers [terms of its server]
  cat > "$folder/upstream.conf" <<END
pid $folder/upstream.pid; $(nginx_main "$2")
http { $(nginx_http) open_file_cache max=10; server { listen 127.0.0.1:$1; root $folder/www; ${3:-} } }
END
}

start() { # name port command... -> ${name}_pid
  local name=$1 port=$2
  shift 2
  "$@" > "$folder/$name.log" 2>&1 <&9 &
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

hold() { # what port connections -> held until "free", by a process whose input is descriptor 4
  exec 4> >(exec "$bench" hold "$@" > "$folder/hold.log" 2>&1)
  for _ in $(seq 600); do
    if grep -q held "$folder/hold.log" 2>/dev/null; then return; fi
    sleep 0.1
  done
  echo "$*: could not be set up" >&2
  cat "$folder/hold.log" >&2
  exit 1
}

free() {
  exec 4>&-
  rm -f "$folder/hold.log"
}

ticks() { # user + system ticks of a process and its children
  local pid total=0 line
  for pid in "$1" $(pgrep -P "$1" || true); do
    line=$(cat "/proc/$pid/stat") || continue
    line=${line##*) }
    # shellcheck disable=SC2086
    set -- $line
    total=$((total + ${12} + ${13}))
  done
  echo "$total"
}

cpu_per_request() { # name seconds command... (prints the requests that were answered well) -> "microseconds-per-request requests-per-second"
  local name=$1 pid_name="${1}_pid" seconds=$2 before requests
  shift 2
  before=$(ticks "${!pid_name}")
  requests=$("$@")
  [ "${requests:-0}" -gt 0 ] || { echo "$name: no clean run" >&2; exit 1; }
  awk -v t=$(($(ticks "${!pid_name}") - before)) -v hz="$hz" -v n="$requests" -v s="$seconds" 'BEGIN { printf "%.2f %d\n", t / hz * 1e6 / n, n / s }'
}

with_wrk() { # url seconds connections -> requests, 0 where one failed
  taskset -c 1 wrk -t1 -c"$3" -d"$2s" "$1" | awk '/requests in/ { done = $1 } /Non-2xx|Socket errors/ { failed = 1 } END { print failed ? 0 : done }'
}

rounds_of() { # rounds width names... : "measure NAME" in turn; figures go to $folder/NAME.cpu
  local rounds=$1 width=$2 round name line cpu rate
  shift 2
  printf '%-6s' round
  printf "%${width}s" "$@"
  echo "   (µs of CPU per request; requests per second behind)"
  for round in $(seq "$rounds"); do
    line=$(printf '%-6s' "$round")
    for name in "$@"; do
      read -r cpu rate <<< "$(measure "$name")"
      echo "$cpu" >> "$folder/$name.cpu"
      line+=$(printf "%${width}s" "$cpu ($rate)")
    done
    echo "$line"
  done
}

median() { # name
  sort -n "$folder/$1.cpu" | awk '{ v[NR] = $1 } END { print (NR % 2) ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}
