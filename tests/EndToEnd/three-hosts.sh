#!/bin/bash
# Three hosts as network namespaces on one machine: two join the first, one is cut off and comes back, one is lost whole. All that passes between them is read along: nothing of a request may be in it. The
# sources of what is built are there on the first host alone. Certificates live for half a minute, so that they are renewed all the while.
# Needs root, iproute2, curl and python3. Usage: three-hosts.sh BINARY FOLDER. Exit 0 where all that is claimed was seen.
set -u
BIN=$1; W=$2; NET=10.77.0; ID=ms$$
. "$(dirname "$0")/hosts-head.sh"
mainstay() { in_host 1 "$BIN" "$@" --data "$W/h1"; }

# The pet writes its name ten times a second where every host reaches it: two owners would be seen there.
cat > "$W/mainstay.yaml" <<YAML
architecture: three
services:
  web: { run: "exec python3 -m http.server \$PORT --bind 127.0.0.1", instances: 6, resources: { cpu: 0.01, memory: 64Mi } }
  api:
    version: 1.0.0
    folder: src/app
    build: { command: "mkdir -p lib && cp server.py lib/ && head -c 3000000 /dev/urandom > lib/ballast", inputs: [server.py] }
    run: exec python3 lib/server.py
    instances: 3
    place: { perHost: 1 }
    resources: { cpu: 0.01, memory: 64Mi }
  out:
    version: 1.0.0
    folder: src/app
    build: { command: "cp server.py \$OUT/", inputs: [server.py] }
    run: exec python3 \$OUT/server.py
    instances: 3
    place: { perHost: 1 }
    resources: { cpu: 0.01, memory: 64Mi }
  files:
    run: |
      while :; do echo "\$(date +%s.%N) \$MAINSTAY_INSTANCE" >> $W/owner.log; sleep 0.1; done &
      exec python3 -m http.server \$PORT --bind 127.0.0.1
    recover: pet
    grace: 1s
    place: { data: shared, labels: { disk: ssd } }
gateway:
  routes:
    api: { match: { path: "/api/{**rest}" }, to: api }
    web: { match: { path: "/{**rest}" }, to: web }
YAML
mkdir -p "$W/src/app"; cat > "$W/src/app/server.py" <<'PY'
import http.server, os, sys
sys.stdout.flush()
class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"; wbufsize = -1
    def do_GET(self):
        body = ("open-answer of " + os.environ["MAINSTAY_INSTANCE"] + "\n").encode()
        self.send_response(200); self.send_header("Content-Length", str(len(body))); self.end_headers(); self.wfile.write(body)
    def log_message(self, *a): pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Answer).serve_forever()
PY
# Reads all frames between the hosts.
cat > "$W/sniff.py" <<'PY'
import socket, sys, signal
tap = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)); frames = size = 0; found = []
def end(*_):
    print(f"{frames} frames, {size} bytes, {len(found)} of them readable", *found[:3], sep="\n", flush=True); sys.exit(0)
signal.signal(signal.SIGTERM, end)
while True:
    frame = tap.recv(65535); frames += 1; size += len(frame)
    if b"X-Knock" in frame: continue
    for word in (b"HTTP/1.", b"open-answer", b"open-secret", b"User-Agent"):
        if word in frame: found.append(frame[-200:]); break
PY
# Asks without a pause over kept connections, and counts what fails.
cat > "$W/load.py" <<'PY'
import http.client, signal, sys, time
good = bad = 0; why = {}; seen = {}
def end(*_):
    print(f"{good} answered, {bad} failed", *sorted(why.items()), sep="\n"); print("by", *sorted(seen), flush=True); sys.exit(bad > 0)
signal.signal(signal.SIGTERM, end)
line = http.client.HTTPConnection("127.0.0.1", 8080, timeout=5)
while True:
    try:
        line.request("GET", "/api/open-secret", headers={"X-Load": "1"}); answer = line.getresponse(); body = answer.read().decode()
        if answer.status == 200: good += 1; seen[body.split()[-1]] = 1
        else: bad += 1; why[answer.status] = why.get(answer.status, 0) + 1
    except Exception as fault:
        bad += 1; why[type(fault).__name__] = why.get(type(fault).__name__, 0) + 1; line.close()
    time.sleep(0.01)
PY
ip netns exec "$ID-sw" python3 "$W/sniff.py" > "$W/sniff.log" 2>&1 9>&- 8>&- & SNIFF=$!; HELPERS=$SNIFF
export MAINSTAY_NODE_LIFE=30s
in_host 1 "$BIN" up "$W/mainstay.yaml" --data "$W/h1" --agents $NET.1:7071 --detach --no-dashboard --no-open --timeout 20s > "$W/up.log" 2>&1
TOKEN=$(mainstay host token --uses 2 -o json | python3 -c 'import json,sys; print(json.load(sys.stdin)["token"])') || fail "no token"
for host in 2 3; do
  in_host $host env MAINSTAY_JOIN_TOKEN="$TOKEN" sh -c 'mount -t tmpfs none "$1" && shift && exec setsid "$@"' sh "$W/src" "$BIN" agent --join https://$NET.1:7071 --name h$host --data "$W/h$host" --zone z$host --label disk=ssd > "$W/h$host.log" 2>&1 &
done
ready() { [ "$(api 1 hosts | python3 -c 'import json,sys; print(sum(h["state"]=="ready" for h in json.load(sys.stdin)["items"]))')" = "$1" ]; }
until_ 60 "three hosts that answer" ready 3
mainstay restart web --wait --timeout 90s > /dev/null || fail "web did not spread"
on() { api 1 instances | python3 -c 'import json,sys; print(*sorted({i["host"] for i in json.load(sys.stdin)["items"] if i["service"]=="'$1'" and i["status"]["state"]=="ready"}))'; }
everywhere() { [ "$(on api) $(on out)" = "h2 h3 local h2 h3 local" ]; }
until_ 30 "what was built on every host" everywhere; echo "what was built on the first host runs on $(on api)"
pet() { api 1 instances | python3 -c 'import json,sys; print(*[i["host"] for i in json.load(sys.stdin)["items"] if i["service"]=="files" and i["status"]["state"]=="ready"])'; }
has_pet() { [ -n "$(pet)" ] && [ "$(pet)" != "${1:-}" ]; }
until_ 60 "the pet" has_pet
mainstay host list
addresses() {
  python3 - <<PY
import json, subprocess
def ask(what):
    return json.loads(subprocess.run(["ip", "netns", "exec", "$ID-1", "curl", "-s", "-m", "2", "http://127.0.0.1:7070/api/v1/" + what], capture_output=True, text=True).stdout)["items"]
at = {one["name"]: one["host"] for one in ask("instances")}
print(*[at.get(item["instance"], "?") for one in ask("endpoints") if one["name"] == "web" for item in one["items"]])
PY
}
# By the tables of gateways: asking the server takes its time. A service with no other instance keeps what it has.
table_without() { local now; now=$(grep -o '"service":"web","endpoints":\[[^]]*\]' "$W/h$2/gateway/table.json"); [ -n "$now" ] && ! grep -q "\"via\":{\"host\":\"h$1\"" <<< "$now"; }
without() { table_without "$1" 1; }
six() { [ "$(addresses | wc -w)" -ge 6 ]; }

echo "== requests between hosts, while certificates are renewed"
in_host 1 python3 "$W/load.py" > "$W/load.log" 2>&1 & LOAD=$!; HELPERS="$SNIFF $LOAD"
key() { api 1 identities | python3 -c 'import json,sys; print(*[i["key"][:12] for i in json.load(sys.stdin)["items"] if i["name"]=="'$1'"])'; }
SHOWN=$(key h2); renewed() { [ "$(key h2)" != "$SHOWN" ]; }
until_ 40 "a renewed certificate" renewed; SHOWN=$(key h2); until_ 40 "one more" renewed
kill -TERM $(pgrep -P $LOAD python3 || echo $LOAD); wait $LOAD || fail "requests failed: $(cat "$W/load.log")"; cat "$W/load.log"
[ "$(grep -c . <<< "$(tail -1 "$W/load.log" | tr ' ' '\n' | grep api-)")" = 3 ] || fail "not every instance answered"
INSTANCE=$(api 1 instances | python3 -c 'import json,sys; print(*[i["status"]["endpoint"] for i in json.load(sys.stdin)["items"] if i["service"]=="api" and i["host"]=="h2"])')
[ "${INSTANCE%:*}" = 127.0.0.1 ] || fail "an instance listens at $INSTANCE"
in_host 1 curl -s -m 2 "http://$NET.2:${INSTANCE#*:}/" && fail "an instance is reached from outside"
in_host 1 curl -s -m 2 -H "X-Knock: 1" "http://$NET.2:7072/" && fail "the door for hosts answers in the clear"
in_host 1 curl -sk -m 2 "https://$NET.2:7072/" && fail "the door for hosts answers without a certificate"
knock() {
  in_host $1 python3 - "$W/h$1/node/identity.pem" $NET.$2 "$3" <<'PY'
import socket, ssl, sys
terms = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT); terms.check_hostname = False; terms.verify_mode = ssl.CERT_NONE
terms.load_cert_chain(sys.argv[1]); terms.set_alpn_protocols(["mainstay-mesh/1"])
try: said = terms.wrap_socket(socket.create_connection((sys.argv[2], 7072), 3), server_hostname=sys.argv[3]).recv(1)
except OSError: said = b""
sys.exit(said != b"\x01")
PY
}
HERE=$(api 1 instances | python3 -c 'import json,sys; print(*[i["name"] for i in json.load(sys.stdin)["items"] if i["service"]=="api" and i["host"]=="local"])')
knock 2 1 "$HERE" || fail "a host that has joined is not let in"
echo "the door for hosts lets in who has joined, and nobody else"

H=$(pet); K=${H#h}; OTHER=$((5 - K))
echo "== $H, which has the pet, is cut off"
AT=$(date +%s.%N); CUT=$AT; ip -n "$ID-sw" link set "p$K" down
# Its agent is killed again and again: none of its runs knows by itself for how long nobody has answered.
storm() { while :; do for pid in $(ip netns pids "$ID-$1"); do tr '\0' ' ' < "/proc/$pid/cmdline" | grep -q " agent --data" && kill -9 "$pid"; done; sleep 2.5; done; }
storm "$K" 2> /dev/null & STORM=$!; HELPERS="$SNIFF $STORM"
until_ 10 "its endpoints gone" without "$K"; GONE=$(since "$AT"); echo "its endpoints are gone after $GONE s"
until_ 10 "the other gateway without it" table_without "$K" "$OTHER"; echo "the gateway of h$OTHER has none of its addresses after $(since "$AT") s"
until_ 30 "six instances again" six; echo "six instances serve again after $(since "$AT") s"
until_ 60 "the pet elsewhere" has_pet "$H"; echo "the pet serves on $(pet) after $(since "$AT") s"
kill $STORM; wait $STORM 2> /dev/null
python3 - "$W/owner.log" "$CUT" <<'PY' || fail "the pet ran on where nobody has answered for longer than its lease"
import sys
rows = [line.split() for line in open(sys.argv[1])]; rows = [(float(row[0]), row[1]) for row in rows if len(row) == 2]
ended = max(at for at, name in rows if name == rows[0][1]) - float(sys.argv[2])
print(f"the pet ended there after {ended:.1f} s, while its agent was killed again and again")
sys.exit(ended > 16)
PY
echo "== it comes back"
ip -n "$ID-sw" link set "p$K" up
until_ 20 "three hosts that answer" ready 3
sleep 5
python3 - "$W/owner.log" <<'PY' || fail "the pet had two owners"
import sys
rows = [line.split() for line in open(sys.argv[1])]
names = [row[1] for row in rows if len(row) == 2]
changes = sum(a != b for a, b in zip(names, names[1:]))
print("owners of the pet, one after the other:", *dict.fromkeys(names))
sys.exit(changes != len(set(names)) - 1)
PY
[ "$(api 1 instances | python3 -c 'import json,sys; print(sum(i["service"]=="web" for i in json.load(sys.stdin)["items"]))')" = 6 ] || fail "web is not six instances"

echo "== everything on h$OTHER is killed"
AT=$(date +%s.%N); for pid in $(ip netns pids "$ID-$OTHER"); do kill -9 "$pid"; done
until_ 10 "its endpoints gone" without "$OTHER"; LOST=$(since "$AT"); echo "its endpoints are gone after $LOST s"
until_ 30 "six instances again" six; echo "six instances serve again after $(since "$AT") s"
mainstay host list
echo "== the host that was lost is removed"
until_ 20 "the host removed" mainstay host rm "h$OTHER"
sleep 1; knock $OTHER 1 "$HERE" && fail "a host that was removed is let in"
echo "it is not let in any more"
kill -TERM $SNIFF; wait $SNIFF; cat "$W/sniff.log"; grep -q " 0 of them readable" "$W/sniff.log" || fail "something was readable between the hosts"
python3 -c "import sys; sys.exit(max($GONE, $LOST) > ${BOUND:-3})" || fail "a lost host was found later than after ${BOUND:-3} s"
mainstay down --timeout 30s > /dev/null 2>&1
echo "all as claimed"
