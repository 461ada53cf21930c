#!/bin/bash
# Two servers on one etcd and one machine that has joined both, as network namespaces: the leader is killed, the other leads, and the machine's agent and gateway follow it while requests go on.
# Needs root, iproute2, etcd, curl and python3. Usage: two-servers.sh BINARY FOLDER. Exit 0 where all that is claimed was seen.
set -u
BIN=$1; W=$2; NET=10.78.0; ID=mt$$
. "$(dirname "$0")/hosts-head.sh"

# 1 and 2 are servers, 3 runs the services and etcd.
in_host 3 setsid etcd --data-dir "$W/etcd" --listen-client-urls http://$NET.3:2379 --advertise-client-urls http://$NET.3:2379 --listen-peer-urls http://127.0.0.1:2380 > "$W/etcd.log" 2>&1 &
until_ 20 "etcd" in_host 3 curl -sf -m 1 http://$NET.3:2379/health

server() {
  mkdir -p "$W/s$1/run" "$W/s$1/store" "$W/s$1/logs/roles"
  head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n' > "$W/s$1/run/token"
  in_host "$1" setsid "$BIN" server --data "$W/s$1" --listen http://127.0.0.1:7070 --agents $NET.$1:7071 --store etcd://$NET.3:2379/two --otlp-grpc off --otlp-http off --zipkin off > "$W/s$1.log" 2>&1 &
}
server 1; until_ 30 "the first server" grep -q "server at" "$W/s1.log"
mkdir -p "$W/s2"; cp -r "$W/s1/ca" "$W/s2/ca"
server 2; until_ 30 "the second server, which stands by" grep -q "stands by" "$W/s2.log"

cat > "$W/mainstay.yaml" <<'YAML'
architecture: two
services:
  web: { run: "exec python3 -m http.server $PORT --bind 127.0.0.1", instances: 2 }
gateway:
  routes:
    web: { match: { path: "/{**rest}" }, to: web }
YAML
TOKEN=$(in_host 1 "$BIN" host token --server http://127.0.0.1:7070 -o json | python3 -c 'import json,sys; print(json.load(sys.stdin)["token"])') || fail "no token"
in_host 3 env MAINSTAY_JOIN_TOKEN="$TOKEN" setsid "$BIN" agent --join https://$NET.1:7071,https://$NET.2:7071 --name h3 --data "$W/h3" > "$W/h3.log" 2>&1 &
until_ 30 "the host" [ -s "$W/h3/node/identity.pem" ]
in_host 1 "$BIN" apply "$W/mainstay.yaml" --server http://127.0.0.1:7070 --wait --timeout 60s > "$W/apply.log" 2>&1 || fail "apply: $(cat "$W/apply.log")"
pids() { api "$1" instances | python3 -c 'import json,sys; print(*sorted(i["status"]["pid"] for i in json.load(sys.stdin)["items"]))'; }
until_ 20 "answers" in_host 3 curl -sf -m 1 http://127.0.0.1:8080/
BEFORE=$(pids 1); [ -n "$BEFORE" ] || fail "no instances"

echo "== the server that leads is killed"
in_host 3 python3 - > "$W/load.txt" 2>&1 <<'PY' &
import http.client, signal, sys, time
good = bad = 0
def end(*_): print(f"{good} answered, {bad} failed", flush=True); sys.exit(bad > 0)
signal.signal(signal.SIGTERM, end)
line = http.client.HTTPConnection("127.0.0.1", 8080, timeout=5)
while True:
    try: line.request("GET", "/"); answer = line.getresponse(); answer.read(); good += answer.status == 200; bad += answer.status != 200
    except Exception: bad += 1; line.close()
    time.sleep(0.005)
PY
LOAD=$!; sleep 1
AT=$(date +%s.%N); for pid in $(ip netns pids "$ID-1"); do kill -9 "$pid"; done
until_ 15 "the other server leading" grep -q "leads with epoch" "$W/s2.log"; until_ 15 "its API" grep -q "server at" "$W/s2.log"; LED=$(since "$AT"); echo "the other one leads and serves after $LED s"
until_ 15 "the agent following it" grep -q "connected to https://$NET.2:7071" "$W/h3/logs/roles/agent.log"; echo "the agent follows it after $(since "$AT") s"
node() { api 2 nodes | python3 -c 'import json,sys; sys.exit(not any(n["name"]=="h3" for n in json.load(sys.stdin)["items"]))'; }
until_ 15 "the gateway following it" node; FOLLOWED=$(since "$AT"); echo "the gateway follows it after $FOLLOWED s"
sleep 8
[ "$(pids 2)" = "$BEFORE" ] || fail "instances were touched: $BEFORE, then $(pids 2)"
api 2 hosts | grep -q '"state":"lost"' && fail "the host was lost"
echo "the instances are the same processes: $BEFORE"
in_host 2 "$BIN" scale web 3 --server http://127.0.0.1:7070 > /dev/null || fail "scale"
three() { [ "$(api 2 instances | python3 -c 'import json,sys; print(sum(i["status"]["state"]=="ready" for i in json.load(sys.stdin)["items"]))')" = 3 ]; }
until_ 20 "one more instance by the new leader" three
kill -TERM $(ip netns pids "$ID-3" | xargs -I{} sh -c 'grep -qz "^-$" /proc/{}/cmdline && grep -qaz python3 /proc/{}/cmdline && echo {}'); wait $LOAD || fail "requests failed: $(cat "$W/load.txt")"; cat "$W/load.txt"
python3 -c "import sys; sys.exit($FOLLOWED > $LED + 3)" || fail "followed later than 3 s after it led"
echo "all as claimed"
