#!/usr/bin/env python3
"""Releases of examples/shop under load, one after the other by each strategy, with instances killed meanwhile where that is asked for.

usage: bench/releases/run.py [--each N] [--kills N] [--rate PER_SECOND] [--only STRATEGY]
needs: a built mainstay (./mainstay --build-only), the .NET SDK and Node for the shop

Tells for each strategy how many releases were made, how they ended, how many requests were answered and failed (no answer, or a status of 500 and more), and how many instances were killed. With kills, requests that were
in the hands of a killed instance may fail: those are what they are. Nothing is sent a second time.
"""
import argparse, http.client, json, os, random, signal, subprocess, sys, tempfile, threading, time, urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BINARY = os.environ.get("MAINSTAY_BIN", os.path.join(ROOT, "artifacts", "mainstay", "mainstay"))
STRATEGIES = {
    "rolling": "rolling",
    "recreate": "recreate",
    "blueGreen": "{ strategy: blueGreen, keepOld: 1s }",
    "canary": "{ strategy: canary, steps: [20%, 50%], hold: 1s }",
    "ab": "{ strategy: ab, share: 50% }",
}


class Load:
    """A steady load from a few keep-alive connections."""

    def __init__(self, port, rate, connections=4):
        self.port, self.wait, self.sent, self.failed, self.why, self.stopped = port, connections / rate, 0, 0, [], False
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.work, args=(i,), daemon=True) for i in range(connections)]
        for thread in self.threads:
            thread.start()

    def work(self, first):
        paths = ["/", "/api/orders", "/"]
        line, count = None, first
        while not self.stopped:
            began, problem = time.monotonic(), None
            try:
                line = line or http.client.HTTPConnection("127.0.0.1", self.port, timeout=15)
                line.request("GET", paths[count % len(paths)])
                answer = line.getresponse()
                body = answer.read()
                if answer.status >= 500:
                    problem = f"{answer.status} {body[:120]!r}"
                if answer.will_close:
                    line.close()
                    line = None
            except (OSError, http.client.HTTPException) as error:
                problem, line = repr(error), None
            with self.lock:
                self.sent += 1
                if problem:
                    self.failed += 1
                    self.why.append(problem)
            count += 1
            time.sleep(max(0, self.wait - (time.monotonic() - began)))

    def counts(self):
        with self.lock:
            return self.sent, self.failed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--each", type=int, default=100)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--rate", type=float, default=40)
    parser.add_argument("--only", choices=STRATEGIES)
    asked = parser.parse_args()
    data = tempfile.mkdtemp(prefix="mainstay-releases-")
    api, gateway = free_port(), free_port()
    overlay = os.path.join(data, "overlay.yaml")
    environment = dict(os.environ, MAINSTAY_DATA=os.path.join(data, "data"), NO_COLOR="1")

    def mainstay(*words):
        done = subprocess.run([BINARY, *words], env=environment, capture_output=True, text=True, timeout=600)
        if done.returncode != 0:
            sys.exit(f"mainstay {' '.join(words)}: {done.stdout}{done.stderr}")
        return done.stdout

    def get(path):
        with urllib.request.urlopen(f"http://127.0.0.1:{api}/api/v1/{path}", timeout=20) as answer:
            return json.load(answer)

    def declare(release, versions):
        with open(overlay, "w") as file:
            file.write(f'gateway: {{ listen: "http://127.0.0.1:{gateway}" }}\nservices:\n')
            for service, version in versions.items():
                file.write(f"  {service}: {{ version: {version}, release: {release} }}\n")

    versions = {"web": "1.4.0", "inventory": "1.2.0"}
    declare("rolling", versions)
    mainstay("up", os.path.join(ROOT, "examples", "shop"), "-f", overlay, "--detach", "--no-open", "--no-dashboard", "--listen", f"http://127.0.0.1:{api}", "--otlp-grpc", "off", "--otlp-http", "off", "--zipkin", "off")
    chance = random.Random(7)
    patch = 0
    try:
        print(f"{'strategy':<11}{'releases':>9}{'promoted':>9}{'aborted':>8}{'kills':>6}{'requests':>10}{'failed':>7}{'seconds':>9}", flush=True)
        for strategy, release in STRATEGIES.items():
            if asked.only and strategy != asked.only:
                continue
            load, began, killed, ends = Load(gateway, asked.rate), time.monotonic(), 0, {"promoted": 0, "aborted": 0}
            for number in range(asked.each):
                service = ("web", "inventory")[number % 2]
                patch += 1
                versions[service] = versions[service].rsplit(".", 1)[0] + f".{patch}"
                declare(release, versions)
                mainstay("apply", os.path.join(ROOT, "examples", "shop"), "-f", overlay)
                if killed < asked.kills:
                    time.sleep(chance.random())
                    pids = [i["status"]["pid"] for i in get("instances")["items"] if i["service"] in versions and i["status"].get("pid")]
                    if pids:
                        killed += 1
                        try:
                            os.kill(chance.choice(pids), signal.SIGKILL)
                        except ProcessLookupError:
                            killed -= 1
                ends[ended(get, service, versions[service], mainstay, strategy)] += 1
            load.stopped = True
            for thread in load.threads:
                thread.join()
            sent, failed = load.counts()
            print(f"{strategy:<11}{asked.each:>9}{ends['promoted']:>9}{ends['aborted']:>8}{killed:>6}{sent:>10}{failed:>7}{time.monotonic() - began:>9.0f}", flush=True)
            for why in sorted(set(load.why))[:5]:
                print(f"  {load.why.count(why)} x {why}", flush=True)
        left = {s["name"]: s["version"] for s in get("status")["services"] if s["name"] in versions}
        print("what runs is what was declared last" if left == versions else f"declared {versions}, runs {left}")
    finally:
        subprocess.run([BINARY, "down"], env=environment, capture_output=True, timeout=300)


def ended(get, service, version, mainstay, strategy):
    """Waits until the release of a version is over; A/B is promoted once both serve."""
    end = time.monotonic() + 300
    while time.monotonic() < end:
        release = get(f"services/{service}/rollout").get("release") or {}
        if release.get("version") == version:
            if release["stage"] in ("promoted", "aborted"):
                return release["stage"]
            if strategy == "ab" and release["stage"] == "holding":
                mainstay("rollout", "promote", service)
        time.sleep(0.2)
    sys.exit(f"the release of {service} {version} did not end: {get(f'services/{service}/rollout')}")


def free_port():
    import socket
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


main()
