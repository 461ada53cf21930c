#!/bin/bash
# What nginx, haproxy and Caddy can do as they are installed here: for each line of the comparison in docs/traffic.md that names a directive of theirs, whether a
# configuration with it is accepted ("yes"), refused ("no", with the first words of why); and for what that table says they lack, the same the other way round.
# A directive that is accepted does what its documentation says; this does not measure how well.
#
# usage: bench/peers/abilities.sh
# needs: nginx haproxy caddy openssl
set -uo pipefail

for tool in nginx haproxy caddy openssl; do
  command -v "$tool" >/dev/null || { echo "$tool is not installed" >&2; exit 2; }
done
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=a.test -keyout "$folder/key.pem" -out "$folder/cert.pem" 2>/dev/null
cat "$folder/cert.pem" "$folder/key.pem" > "$folder/both.pem"

say() { # peer ability outcome log
  if [ "$3" = 0 ]; then printf '%-9s%-46s%s\n' "$1" "$2" yes
  else printf '%-9s%-46s%s\n' "$1" "$2" "no: $(grep -m1 -iE 'unknown|unrecognized|invalid|error|alert|not ' "$4" | sed -E "s|$folder/||g; s/.*(\[emerg\]|\[ALERT\]|Error:|error:)//" | cut -c1-90)"; fi
}

nginx_can() { # ability, http-level lines, upstream lines, location lines
  cat > "$folder/nginx.conf" <<CONF
pid $folder/nginx.pid; error_log stderr; events {}
http { access_log off; client_body_temp_path $folder/t1; proxy_temp_path $folder/t2; fastcgi_temp_path $folder/t3; uwsgi_temp_path $folder/t4; scgi_temp_path $folder/t5;
  $2
  upstream s { $3 }
  server { listen 127.0.0.1:1; location /b { return 204; } location / { proxy_pass http://s; $4 } } }
CONF
  nginx -t -p "$folder" -c "$folder/nginx.conf" > "$folder/log" 2>&1
  say nginx "$1" $? "$folder/log"
}

haproxy_can() { # ability, frontend lines, backend lines, [further sections]
  printf 'defaults\n mode http\n timeout client 1s\n timeout server 1s\n timeout connect 1s\nfrontend f\n bind 127.0.0.1:1\n%b\n default_backend s\nbackend s\n%b\n%b\n' "$2" "$3" "${4:-}" > "$folder/haproxy.cfg"
  haproxy -c -f "$folder/haproxy.cfg" > "$folder/log" 2>&1
  say haproxy "$1" $? "$folder/log"
}

caddy_can() { # ability, lines of the site
  printf '{\n admin off\n}\nhttp://127.0.0.1:1 {\n%b\n}\n' "$2" > "$folder/Caddyfile"
  HOME=$folder caddy validate --adapter caddyfile --config "$folder/Caddyfile" > "$folder/log" 2>&1
  say caddy "$1" $? "$folder/log"
}

one='server 127.0.0.1:2;' two='server 127.0.0.1:2; server 127.0.0.1:3'
nginx_can "match a header (map)" 'map $http_x_kind $to { default s; a s; }' "$one" ''
nginx_can "sticky by address" '' "ip_hash; $one" ''
nginx_can "sticky by key" '' "hash \$cookie_user consistent; $one" ''
nginx_can "sticky cookie" '' "sticky cookie srv; $one" ''
nginx_can "slow start" '' "$two slow_start=10s;" ''
nginx_can "balance by latency" '' "least_time header; $one" ''
nginx_can "backup servers" '' "$two backup;" ''
nginx_can "passive failures (max_fails)" '' "$two max_fails=3 fail_timeout=5s;" ''
nginx_can "active checks" '' "$one" 'health_check;'
nginx_can "retries (proxy_next_upstream)" '' "$one" 'proxy_next_upstream error timeout http_503; proxy_next_upstream_tries 2;'
nginx_can "rate limits (limit_req)" 'limit_req_zone $binary_remote_addr zone=a:1m rate=10r/s;' "$one" 'limit_req zone=a burst=5;'
nginx_can "limits under way (limit_conn)" 'limit_conn_zone $binary_remote_addr zone=a:1m;' "$one" 'limit_conn a 5;'
nginx_can "queue for a busy server" '' "$one queue 10 timeout=1s;" ''
nginx_can "fallback (error_page)" '' "$one" 'proxy_intercept_errors on; error_page 502 /b;'
nginx_can "cache on disk, stale answers" "proxy_cache_path $folder/cache keys_zone=c:1m;" "$one" 'proxy_cache c; proxy_cache_use_stale error updating; proxy_cache_lock on;'
nginx_can "JWT" '' "$one" 'auth_jwt "x";'
nginx_can "splits (split_clients)" 'split_clients $remote_addr $v { 10% a; * b; }' "$one" ''
nginx_can "mirror" '' "$one" 'mirror /b;'
nginx_can "PROXY protocol towards services (http)" '' "$one" 'proxy_protocol on;'
nginx_can "HTTP/3" '' "$one" 'http3 on;'

server=' server a 127.0.0.1:2\n'
haproxy_can "match header, query, cookie" ' acl h hdr(x-kind) a\n acl q urlp(v) 2\n acl c req.cook(u) 1\n use_backend s if h q c' "$server"
haproxy_can "sticky cookie" '' " cookie SRV insert indirect\n server a 127.0.0.1:2 cookie a\n"
haproxy_can "slow start" '' ' server a 127.0.0.1:2 check slowstart 10s\n'
haproxy_can "balance by latency" '' " balance least-time\n$server"
haproxy_can "backup servers" '' "$server server b 127.0.0.1:3 backup\n"
haproxy_can "checks, errors observed" '' ' server a 127.0.0.1:2 check observe layer7 error-limit 5 on-error mark-down\n'
haproxy_can "retries (retry-on)" '' " retry-on conn-failure 503\n retries 2\n option redispatch\n$server"
haproxy_can "rate limits (stick tables)" ' stick-table type ip size 10k expire 10s store http_req_rate(1s)\n http-request track-sc0 src\n http-request deny deny_status 429 if { sc_http_req_rate(0) gt 10 }' "$server"
haproxy_can "maxconn, queue by priority" ' http-request set-priority-class int(1)' ' server a 127.0.0.1:2 maxconn 5 maxqueue 10\n'
haproxy_can "fallback (errorfile)" '' " errorfile 503 /dev/null\n$server"
haproxy_can "cache in memory" '' " http-request cache-use c\n http-response cache-store c\n$server" 'cache c\n total-max-size 4\n max-age 10'
haproxy_can "stale answers" '' " http-request cache-use c\n http-response cache-store c\n$server" 'cache c\n total-max-size 4\n stale-if-error 10'
haproxy_can "JWT" " http-request deny unless { http_auth_bearer,jwt_verify(\"HS256\",\"secret\") -m int 1 }" "$server"
haproxy_can "splits by weight and rule" ' use_backend s if { rand(100) lt 10 }' " server a 127.0.0.1:2 weight 1\n server b 127.0.0.1:3 weight 9\n"
haproxy_can "mirror" '' " http-request mirror b\n$server"
haproxy_can "PROXY protocol towards services" '' ' server a 127.0.0.1:2 send-proxy-v2\n'
haproxy_can "WebSocket over HTTP/2 (ws h1)" " bind 127.0.0.1:4 ssl crt $folder/both.pem alpn h2,http/1.1" ' server a 127.0.0.1:2 ws h1\n'
haproxy_can "HTTP/3" " bind quic4@127.0.0.1:4 ssl crt $folder/both.pem alpn h3" "$server"

caddy_can "match method, header, query" ' @m {\n method GET\n header X-Kind a\n query v=2\n }\n reverse_proxy @m 127.0.0.1:2'
caddy_can "sticky cookie" ' reverse_proxy 127.0.0.1:2 127.0.0.1:3 {\n lb_policy cookie srv secret\n }'
caddy_can "balance by latency" ' reverse_proxy 127.0.0.1:2 127.0.0.1:3 {\n lb_policy least_time\n }'
caddy_can "slow start" ' reverse_proxy 127.0.0.1:2 {\n slow_start 10s\n }'
caddy_can "checks, max_fails" ' reverse_proxy 127.0.0.1:2 {\n health_uri /h\n fail_duration 5s\n max_fails 3\n unhealthy_latency 1s\n }'
caddy_can "retries and waiting (lb_try_duration)" ' reverse_proxy 127.0.0.1:2 {\n lb_try_duration 5s\n lb_try_interval 250ms\n }'
caddy_can "rate limits" ' rate_limit {\n zone a {\n key static\n events 10\n window 1s\n }\n }\n reverse_proxy 127.0.0.1:2'
caddy_can "limits under way" ' reverse_proxy 127.0.0.1:2 {\n unhealthy_request_count 5\n }'
caddy_can "fallback (handle_errors)" ' handle_errors {\n respond "later" 200\n }\n reverse_proxy 127.0.0.1:2'
caddy_can "cache" ' cache\n reverse_proxy 127.0.0.1:2'
caddy_can "JWT" ' jwtauth\n reverse_proxy 127.0.0.1:2'
caddy_can "splits by weight" ' reverse_proxy 127.0.0.1:2 127.0.0.1:3 {\n lb_policy weighted_round_robin 9 1\n }'
caddy_can "mirror" ' mirror 127.0.0.1:3\n reverse_proxy 127.0.0.1:2'
caddy_can "PROXY protocol towards services" ' reverse_proxy 127.0.0.1:2 {\n transport http {\n proxy_protocol v2\n }\n }'
