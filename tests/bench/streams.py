"""What updates.py measures with: subscribers, footprintd whose documents are edited, and nchan."""
import http.client
import json
import os
import re
import resource
import subprocess
import time

import benchlib
import serve
from benchlib import BUILD, Server

MEDIA = "application/alto-updatestreamparams+json"
RESOURCE = "cdni"
INITIAL = 2  # events at the beginning of a stream: control, full replacement
NCHAN_MODULE = "/usr/lib/nginx/modules/ngx_nchan_module.so"

# One worker, as footprintd has one loop. Only the newest message is kept, in memory, and a
# subscriber begins with what comes next; nothing is logged, nothing times out.
NCHAN = """load_module {module};
worker_processes 1;
worker_rlimit_nofile {files};
pid {place}/nginx.pid;
error_log stderr warn;
daemon off;
events {{ worker_connections {files}; }}
http {{
    access_log off;
    keepalive_requests 100000000;
    client_body_temp_path {place}/t1; proxy_temp_path {place}/t2; fastcgi_temp_path {place}/t3;
    uwsgi_temp_path {place}/t4; scgi_temp_path {place}/t5;
    nchan_message_buffer_length 1;
    server {{
        listen 127.0.0.1:{h1} backlog=4096;
        location = /publish {{ nchan_publisher; nchan_channel_id c; }}
        location = /updates {{
            nchan_subscriber eventsource;
            nchan_channel_id c;
            nchan_subscriber_first_message newest;
        }}
    }}
    server {{
        listen 127.0.0.1:{h2} http2 backlog=4096;
        location = /updates {{
            nchan_subscriber eventsource;
            nchan_channel_id c;
            nchan_subscriber_first_message newest;
        }}
    }}
}}
"""


def shape(transport, subscribers):
    """Arguments for so many subscribers: 25 streams a connection, or one over HTTP/1.1."""
    if transport == "h1":
        return ["--h1", "--connections", subscribers]
    return ["--connections", max(1, subscribers // 25), "--streams", min(25, subscribers)]


class Subscribers(Server):
    """The load client on processor 1, from "ready" on."""

    def __init__(self, url, args, initial, body=None):
        post = ["--body", body, "--content-type", MEDIA] if body else []
        super().__init__([BUILD / "tests/bench_subscribers", *args, "--initial", initial, *post,
                          url], "^ready ", cpu=1, stdin=subprocess.PIPE)
        self.count = int(self.ready_line.split()[1])
        self.at, self.event = len(self.lines), 0

    def command(self, text, pattern):
        """Its answer; events are not lost between."""
        since = len(self.lines)
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()
        return self.wait_for(pattern, since)[1]

    def mark(self):
        self.command("mark", "^marked")
        self.at, self.event = len(self.lines), 0

    def next_event(self):
        """(first arrival, last arrival, bytes a subscriber) of an event that all have got."""
        self.event += 1
        line = self.wait_for(rf"^event {self.event} {self.count} ", self.at)[1]
        self.at = self.matched_at + 1
        return self.numbers(line)

    def numbers(self, line):
        first, last, size = map(int, line.split()[3:])
        return first, last, size / self.count

    def show(self):
        """(fewest, most, all) events of a subscriber since the mark, and streams that ended."""
        fields = self.command("show", "^shown ").split()
        return int(fields[1]), int(fields[2]), int(fields[3]), int(fields[5])


class Footprintd(Server):
    """footprintd with one loop over a folder; a change is an edit of a document and SIGHUP."""

    def __init__(self, place, folder, updates=None, limits=None):
        config = place / f"{folder.name}.yaml"
        # No heartbeats between the events that are counted, no second look at what was edited.
        keys = {"heartbeat-s": 60, **(updates or {})}
        # All subscribers come at once.
        # All subscribers come from one address.
        limits = {"update-opens-per-s": 1000000, "update-full-bytes-per-s": 1 << 34,
                  "new-connections-per-s": 0, "connections-per-address": 0,
                  "connections-per-network": 0, "streams-per-address": 0,
                  **(limits or {})}
        config.write_text(f'listen: [{{address: "127.0.0.1:0"}}]\nfootprints: {folder}\n'
                          f"threads: 1\nwatch: {{enabled: false}}\nupdates: {json.dumps(keys)}\n"
                          f"limits: {json.dumps(limits)}\n")
        super().__init__([BUILD / "footprintd", "--config", config], r"^footprintd: ready ", cpu=0)
        self.url = re.search(r"listen=(\S+)", self.ready_line).group(1)
        self.work_pid = self.pid
        self.generation = 1

    def subscribe(self, args, incremental=True):
        wanted = {"resource-id": RESOURCE} | ({} if incremental else {"incremental-changes": False})
        return Subscribers(self.url + "/updates", args, INITIAL, json.dumps({"add": {"a": wanted}}))

    def edit(self, path, text):
        """When it began, in nanoseconds; the new generation's number is self.generation."""
        new = path.with_name(f".{path.name}")
        new.write_text(text)
        began = time.monotonic_ns()
        os.replace(new, path)
        self.process.send_signal(benchlib.signal.SIGHUP)
        self.generation += 1
        return began

    def parts(self):
        """{generation: {part: milliseconds}} that the log has told; of a rebuild in whole ones."""
        found = {}
        with self.changed:
            lines = [text for _, text in self.lines]
        for line in lines:
            if built := re.search(r"build: generation (\d+): .* in ([\d.]+) ms", line):
                found.setdefault(int(built.group(1)), {})["rebuild"] = float(built.group(2))
            elif told := re.search(r"updates: generation (\d+): .* change set ([\d.]+) ms, "
                                   r"patches ([\d.]+) ms", line):
                found.setdefault(int(told.group(1)), {}).update(
                    {"change set": float(told.group(2)), "patches": float(told.group(3))})
        return found

    def wait_told(self):
        """Until the log has told about the newest generation."""
        self.wait_for(rf"updates: generation {self.generation}: .* patches [\d.]+ ms")


class Nchan:
    """nginx with nchan: the worker, and a kept connection to its publisher."""

    def __init__(self, place):
        place.mkdir()
        ports = {"h1": serve.free_port(), "h2": serve.free_port()}
        files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        (place / "nginx.conf").write_text(NCHAN.format(place=place, module=NCHAN_MODULE,
                                                       files=min(files, 65536), **ports))
        self.server = serve.run_nginx(place)
        self.work_pid = self.server.work_pid
        self.urls = {name: f"http://127.0.0.1:{port}/updates" for name, port in ports.items()}
        self.publisher = http.client.HTTPConnection("127.0.0.1", ports["h1"], timeout=60)

    def subscribe(self, transport, args):
        return Subscribers(self.urls[transport], args, 0)

    def publish(self, body, event):
        """When it began. The answer is read by answered(), after the event's arrival."""
        began = time.monotonic_ns()
        self.publisher.request("POST", "/publish", body, {"X-EventSource-Event": event})
        return began

    def answered(self):
        answer = self.publisher.getresponse()
        answer.read()
        if answer.status not in (201, 202):
            raise RuntimeError(f"nchan publishes with {answer.status}")

    def stop(self):
        self.publisher.close()
        self.server.stop()
