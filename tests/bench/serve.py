#!/usr/bin/python3
"""GET of a cached resource: footprintd, a bare libh2o handler, and nginx with the same bytes.

usage: serve.py [--rounds 5] [--seconds 2] [--cases REGEX]

For 1 KB and 100 KB over HTTP/1.1, HTTP/2 in cleartext and HTTP/2 over TLS, and for 304 answers at
1 KB. Every server has one thread on processor 0; h2load has one on processor 1, 16 connections, 16
streams each on HTTP/2, no Accept-Encoding (identity). Rounds are interleaved: every round runs the
servers of a case one after the other, for about the same time, and ratios are medians over the
rounds' own ratios. Processor time is that of the server's threads over the run, connections
included; the figure per request is the steadier one, because requests per second are often the
client's limit, and suffer from whatever else runs on the machine.
"""
import argparse
import os
import pathlib
import pwd
import re
import shutil
import socket
import subprocess
import sys
import tempfile

import benchlib
from benchlib import BUILD, Goals, Server, median, table

SIZES = {"1 KB": 1024, "100 KB": 100 * 1024}
# The same work for all servers, whatever each of them would prefer.
SUITE = "TLS_AES_128_GCM_SHA256"
PROTOCOLS = ("h1", "h2c", "h2 TLS")
SERVERS = ("footprintd", "bare libh2o", "nginx")
GOAL_OVER_BARE_US = 0.6
GOAL_NGINX_TLS = {"1 KB": 3.5, "100 KB": 1.7}
GOAL_NGINX_H1_CPU = 0.9
# As fast as: within what rounds of one server differ by.
GOAL_304 = 1.05

NGINX = """worker_processes 1;
pid {place}/nginx.pid;
error_log stderr warn;
daemon off;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    sendfile on;
    open_file_cache max=100 inactive=1h;
    open_file_cache_valid 1h;
    keepalive_requests 100000000;
    types {{ application/alto-cdni+json json; }}
    default_type application/alto-cdni+json;
    client_body_temp_path {place}/t1; proxy_temp_path {place}/t2; fastcgi_temp_path {place}/t3;
    uwsgi_temp_path {place}/t4; scgi_temp_path {place}/t5;
    add_header Cache-Control max-age=60;
    add_header Vary Accept-Encoding;
    root {place}/www;
    ssl_certificate {place}/cert.pem;
    ssl_certificate_key {place}/key.pem;
    ssl_protocols TLSv1.3;
    server {{ listen 127.0.0.1:{h1}; }}
    server {{ listen 127.0.0.1:{h2c} http2; }}
    server {{ listen 127.0.0.1:{tls} ssl http2; }}
}}
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def write_documents(folder, size):
    """One document whose advertisement has about `size` bytes: prefixes of documentation ranges."""
    frame, each = 307, 21  # bytes around the values, and of one value
    count = max(1, (size - frame) // each)
    folder.mkdir()
    values = "\n".join(f'      - "2001:db8:{0x1000 + i:x}::/48"' for i in range(count))
    (folder / "document.yaml").write_text(
        f"version: 1\nfootprints:\n  caches:\n    cidr:\n{values}\ncapabilities:\n"
        "  - capability-type: FCI.DeliveryProtocol\n"
        "    capability-value: {delivery-protocols: [http/1.1, https/1.1]}\n"
        "    footprints: [caches]\n")


def make_certificate(place):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-keyout", place / "key.pem", "-out", place / "cert.pem"],
                   check=True, capture_output=True)


def start_footprintd(place, size, folder):
    config = folder.parent / f"{folder.name}.yaml"
    config.write_text(
        f'listen:\n  - address: "127.0.0.1:0"\n  - address: "127.0.0.1:0"\n'
        f"    tls: {{certificate: {place}/cert.pem, key: {place}/key.pem}}\n"
        f"footprints: {folder}\nthreads: 1\nlog: {{level: debug}}\n")
    server = Server([BUILD / "footprintd", "--config", config], r"^footprintd: ready ", cpu=0)
    server.wait_for("compress: generation 1 is compressed")
    plain, tls = re.findall(r"listen=(\S+)", server.ready_line)
    server.urls = {"h1": plain + "/cdni", "h2c": plain + "/cdni", "h2 TLS": tls + "/cdni"}
    server.work_pid = server.pid
    return server


def start_bare(place, bodies):
    """Two processes, since one has one listener."""
    gets = [word for n, file in enumerate(bodies) for word in ("--get", f"/{n}", file)]
    plain = Server([BUILD / "tests/bare_h2o", *gets], "^ready ", cpu=0)
    tls = Server([BUILD / "tests/bare_h2o", "--tls", place / "cert.pem", place / "key.pem", *gets],
                 "^ready ", cpu=0)
    return plain, tls


def run_nginx(place):
    """nginx by nginx.conf in `place`: as an ordinary user, in its own folder, on processor 0."""
    who = {}
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        for path in [place, *place.rglob("*")]:
            os.chown(path, nobody.pw_uid, nobody.pw_gid)
        who = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    server = Server(["/usr/sbin/nginx", "-e", "stderr", "-p", place, "-c", place / "nginx.conf"],
                    cpu=0, **who)
    end = benchlib.time.monotonic() + 20
    while True:
        children = pathlib.Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text()
        if children:
            break
        if server.process.poll() is not None or benchlib.time.monotonic() > end:
            raise RuntimeError("nginx does not start:\n" + "\n".join(t for _, t in server.lines))
        benchlib.time.sleep(0.05)
    server.work_pid = int(children.split()[0])
    return server


def start_nginx(place, bodies):
    (place / "www").mkdir()
    for n, file in enumerate(bodies):
        shutil.copy(file, place / f"www/{n}")
    ports = {name: free_port() for name in ("h1", "h2c", "tls")}
    (place / "nginx.conf").write_text(NGINX.format(place=place, **ports))
    server = run_nginx(place)
    server.urls = {"h1": f"http://127.0.0.1:{ports['h1']}/",
                   "h2c": f"http://127.0.0.1:{ports['h2c']}/",
                   "h2 TLS": f"https://127.0.0.1:{ports['tls']}/"}
    return server


def curl(url, *args):
    done = subprocess.run(["curl", "-sSk", "-i", "--max-time", "20", *args, url],
                          capture_output=True, check=True)
    head, _, body = done.stdout.partition(b"\r\n\r\n")
    return head.decode("latin-1"), body


def h2load(protocol, url, pid, requests, header=None, status="2xx"):
    """(requests/s, processor microseconds per request)"""
    args = ["taskset", "-c", "1", "h2load", "-t1", "-c16", f"-n{requests}"]
    args += ["--h1"] if protocol == "h1" else ["-m16"]
    args += ["--tls13-ciphers", SUITE] if protocol == "h2 TLS" else []
    args += ["-H", header] if header else []
    before = benchlib.threads_seconds(pid)
    done = subprocess.run([*args, url], capture_output=True, text=True,
                          timeout=benchlib.PATIENCE_S, check=True)
    used = benchlib.threads_seconds(pid) - before
    took = re.search(r"^finished in [\d.]+\w+, ([\d.]+) req/s", done.stdout, re.M)
    codes = dict((kind, int(n)) for n, kind in re.findall(r"(\d+) ([2345]xx)", done.stdout))
    if not took or codes.get(status) != requests:
        raise RuntimeError(f"h2load {url}: not {requests} answers {status}:\n{done.stdout[-800:]}")
    cipher = re.search(r"^Cipher: (\S+)", done.stdout, re.M)
    return float(took.group(1)), used / requests * 1e6, cipher and cipher.group(1)


class Case:
    """One protocol, size and kind of answer at one server."""

    def __init__(self, key, protocol, url, pid, header=None, status="2xx"):
        self.key, self.run_args = key, (protocol, url, pid)
        self.header, self.status = header, status
        self.rates, self.costs, self.ciphers = [], [], set()
        self.requests = 1000

    def calibrate(self, seconds):
        """Requests for a run of that length; also warms caches and connections' memory."""
        for _ in range(3):
            rate = h2load(*self.run_args, self.requests, self.header, self.status)[0]
            self.requests = max(1000, int(rate * min(seconds, 0.3)))
        self.requests = max(1000, int(rate * seconds))

    def run(self):
        rate, cost, cipher = h2load(*self.run_args, self.requests, self.header, self.status)
        self.rates.append(rate)
        self.costs.append(cost)
        self.ciphers.add(cipher)


def cell(case):
    """Requests/s and their range, processor time a request, how busy the processor was."""
    busy = median(rate * cost / 1e4 for rate, cost in zip(case.rates, case.costs))
    return (f"{median(case.rates):,.0f} ({min(case.rates):,.0f}-{max(case.rates):,.0f}); "
            f"{median(case.costs):.2f} us; {busy:.0f} %")


def report(cases, goals):
    rows = []
    for size in SIZES:
        for protocol in PROTOCOLS:
            found = [cases.get((size, protocol, server)) for server in SERVERS]
            if not all(found):
                continue
            ours, bare, nginx = found
            # Rounds are pairs: what the machine did to one round it did to both.
            over = median(a - b for a, b in zip(ours.costs, bare.costs))
            rate = median(a / b for a, b in zip(ours.rates, nginx.rates))
            cost = median(b / a for a, b in zip(ours.costs, nginx.costs))
            rows.append([f"{size} {protocol}", *map(cell, found), f"{over:+.2f} us", f"{rate:.2f}",
                         f"{cost:.2f}"])
            name = f"{size} {protocol}"
            goals.at_most(f"{name}: processor time over the bare handler", over, GOAL_OVER_BARE_US,
                          " us")
            if protocol == "h2 TLS":
                goals.at_least(f"{name}: requests/s against nginx", rate, GOAL_NGINX_TLS[size])
            if (size, protocol) == ("100 KB", "h1"):
                goals.at_least(f"{name}: processor time of nginx against ours", cost,
                               GOAL_NGINX_H1_CPU)
    print("req/s (least-greatest); processor time a request; share of the processor that was used")
    table(["case", *SERVERS, "over bare", "req/s : nginx", "nginx : cpu"], rows)
    rows = []
    for protocol in PROTOCOLS:
        body, none = cases.get(("1 KB", protocol, "footprintd")), cases.get(("304", protocol))
        if not body or not none:
            continue
        ratio = median(a / b for a, b in zip(none.costs, body.costs))
        rows.append([protocol, cell(none), cell(body), f"{ratio:.2f}"])
        goals.at_most(f"304 {protocol}: processor time against 1 KB", ratio, GOAL_304, "x")
    if rows:
        print("304 against 1 KB bodies, footprintd")
        table(["protocol", "304", "1 KB", "processor time"], rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="of one run")
    parser.add_argument("--cases", default=".", help='such as "1 KB h2c" or "304"')
    args = parser.parse_args()
    benchlib.need(BUILD / "footprintd", BUILD / "tests/bare_h2o", "/usr/sbin/nginx",
                  "/usr/bin/h2load", "/usr/bin/openssl")
    print(f"serve: {benchlib.machine()}; medians (least-greatest) of {args.rounds} rounds of "
          f"{args.seconds:g} s\n")
    goals = Goals()
    with tempfile.TemporaryDirectory() as name:
        place = pathlib.Path(name)
        place.chmod(0o755)
        make_certificate(place)
        ours, bodies = {}, []
        for n, (size, wanted) in enumerate(SIZES.items()):
            write_documents(place / f"documents-{n}", wanted)
            ours[size] = start_footprintd(place, size, place / f"documents-{n}")
            ours[size].head, body = curl(ours[size].urls["h1"])
            bodies.append(place / f"body-{n}")
            bodies[-1].write_bytes(body)
            print(f"{size}: {len(body)} bytes")
        print()
        plain, tls = start_bare(place, bodies)
        nginx = start_nginx(place, bodies)
        cases = {}
        wanted = re.compile(args.cases)
        for n, size in enumerate(SIZES):
            for protocol in PROTOCOLS:
                if not wanted.search(f"{size} {protocol}"):
                    continue
                bare = tls if protocol == "h2 TLS" else plain
                bare_url = f"{bare.ready_line.split()[1]}/{n}"
                version = "--http1.1" if protocol == "h1" else "--http2-prior-knowledge"
                version = "--http2" if protocol == "h2 TLS" else version
                for server, url, pid in (
                        ("footprintd", ours[size].urls[protocol], ours[size].work_pid),
                        ("bare libh2o", bare_url, bare.pid),
                        ("nginx", nginx.urls[protocol] + str(n), nginx.work_pid)):
                    head, body = curl(url, version)
                    if body != bodies[n].read_bytes():
                        raise RuntimeError(f"{server} {url} serves other bytes:\n{head}")
                    key = (size, protocol, server)
                    cases[key] = Case(key, protocol, url, pid)
        etag = re.search(r"^etag: (.*?)\r?$", ours["1 KB"].head, re.M | re.I).group(1)
        for protocol in PROTOCOLS:
            if wanted.search(f"304 {protocol}"):
                key = ("304", protocol)
                cases[key] = Case(key, protocol, ours["1 KB"].urls[protocol],
                                  ours["1 KB"].work_pid, f"if-none-match: {etag}", "3xx")
        for case in cases.values():
            case.calibrate(args.seconds)
        for _ in range(args.rounds):
            for case in cases.values():
                case.run()
        ciphers = set().union(*(case.ciphers for case in cases.values())) - {None}
        for server in [*ours.values(), plain, tls, nginx]:
            server.stop()
    if ciphers:
        print("TLS with " + ", ".join(sorted(ciphers)) + "\n")
    report(cases, goals)
    return 1 if goals.print() else 0


if __name__ == "__main__":
    sys.exit(main())
