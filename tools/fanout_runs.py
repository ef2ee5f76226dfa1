"""Starts the servers and the load program of the fan-out's measurement, one pair at a time, and reads their figures."""

import json
import os
import pathlib
import shlex
import shutil
import signal
import socket
import statistics
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PORT = int(os.environ.get("BENCH_PORT", "18123"))
PAYLOAD = 120
TICK = os.sysconf("SC_CLK_TCK")


class RunFailed(Exception):
    """A server or the load program did not do its part; the text says which and how."""


def on_core(core):
    def bind():
        if core is not None and core < os.cpu_count():
            os.sched_setaffinity(0, {core})

    return bind


def listens():
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", PORT)) == 0


def machine_busy_s():
    """CPU seconds spent on this machine since it started, by anybody."""
    fields = [int(f) for f in pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / TICK


class Server:
    """One server process; as a context manager it lives for the block."""

    def __init__(self, command, core=0, env=None):
        self.command = [str(part) for part in command]
        self.core = core
        self.env = env
        self.figures = {}

    def __enter__(self):
        if listens():
            raise RunFailed(f"port {PORT} is taken; BENCH_PORT picks another")
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                        preexec_fn=on_core(self.core), env=self.env)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RunFailed(f"{self.command[0]} ended: {self.process.stderr.read().strip()[:300]}")
            if listens():
                return self
            time.sleep(0.02)
        self.__exit__()
        raise RunFailed(f"{self.command[0]} does not listen on port {PORT}")

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            output, _ = self.process.communicate(timeout=15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            output, _ = self.process.communicate()
        for line in output.splitlines():
            if line.startswith("{"):
                self.figures.update(json.loads(line))


class Bench:
    """Where the programs are, on which cores they run, and how long each run takes."""

    def __init__(self, build, quick, server_core, load_core, log):
        self.bin = pathlib.Path(build) / "bench"
        self.quick = quick
        self.server_core, self.load_core = server_core, load_core
        self.log = log
        self.node = shutil.which("node")
        self.peer = os.environ.get("PEER_COMMAND", "")
        self.peer_name = os.environ.get("PEER_NAME", "peer")
        self.noise = []

    # ---- servers ----

    def hub(self, rate, core="default", **options):
        """The product's. Options are those of hub_server: threads=2, channels=500, deflate=True."""
        command = [self.bin / "hub_server", "--listen", f"127.0.0.1:{PORT}", "--rate", rate, "--payload", PAYLOAD]
        return Server(command + arguments(options), self.server_core if core == "default" else core)

    def hub_knows(self, option):
        text = subprocess.run([str(self.bin / "hub_server"), "--help"], capture_output=True, text=True).stdout
        return option in text

    def firehose(self, kind, rate):
        """A server that sends every message to everybody who connects to /ws."""
        if kind == "ours":
            return self.hub(rate, firehose=True)
        if kind == "io_uring":
            return self.hub(rate, firehose=True, io="io_uring")
        if kind == "bare":
            command = [self.bin / "bare_server", "--port", PORT, "--rate", rate, "--payload", PAYLOAD]
        elif kind == "ws":
            command = [self.node, ROOT / "bench/fanout/ws_peer/server.mjs", PORT, rate, PAYLOAD]
        else:
            command = [part.format(port=PORT, rate=rate, payload=PAYLOAD) for part in shlex.split(self.peer)]
        return Server(command, self.server_core)

    def kinds(self, *wanted):
        """Those of the servers that can be run here."""
        here = {"ws": self.node and (ROOT / "bench/fanout/ws_peer/node_modules/ws").exists(), "peer": self.peer}
        return [kind for kind in wanted if here.get(kind, True)]

    def label(self, kind):
        return {"bare": "bare send()", "ws": "ws (Node)", "peer": self.peer_name}.get(kind, kind)

    # ---- load ----

    def load(self, server, seconds, warm_up=None, core="default", **options):
        """Runs the load program against a server; its JSON, and `others`: cores that third parties kept busy."""
        warm_up = (0.5 if self.quick else 1.5) if warm_up is None else warm_up
        options = {"open_rate": 8000, "open_timeout": 30, **options}
        command = [str(self.bin / "fanout_load"), "--server", f"127.0.0.1:{PORT}", "--server-pid", str(server.process.pid),
                   "--seconds", str(seconds), "--warm-up", str(warm_up), *arguments(options)]
        before, began = machine_busy_s(), time.monotonic()
        ours = cpu_of(server.process.pid)
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + warm_up + 60,
                                  preexec_fn=on_core(self.load_core if core == "default" else core))
        except subprocess.TimeoutExpired as late:
            raise RunFailed("the load program did not end in time") from late
        if done.returncode != 0:
            raise RunFailed(done.stderr.strip()[:300] or f"the load program ended with {done.returncode}")
        result = json.loads(done.stdout)
        took = time.monotonic() - began
        load_cpu = result["load_cpu_share"] * took  # opening included, about
        busy = machine_busy_s() - before - (cpu_of(server.process.pid) - ours) - load_cpu
        result["others"] = max(0.0, busy / took)
        self.noise.append(result["others"])
        return result

    def measure(self, server, seconds, **options):
        """Server up, load, server down. The server's own figures stand under `at_exit`."""
        with server:
            result = self.load(server, seconds, **options)
        result["at_exit"] = server.figures
        return result


def arguments(options):
    words = []
    for name, value in options.items():
        if value is True:
            words.append("--" + name.replace("_", "-"))
        elif value is not None and value is not False:
            words += ["--" + name.replace("_", "-"), *[str(v) for v in (value if isinstance(value, list) else [value])]]
    return words


def cpu_of(pid):
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICK


def healthy(result, p99_ms=250):
    """What counts as keeping up: all but 2 % delivered in time, nobody lost."""
    return (result["delivered"] >= 0.98 and result["latency_ms"]["p99"] <= p99_ms and result["refused"] == 0
            and result["lost_connections"] == 0 and result["lost"] == 0 and result["gaps"] == 0)


def cost(result):
    """Server CPU per delivery, microseconds."""
    return result["server"]["us_per_delivery"]


def cost_of_send(result):
    return cost(result) * result["ticks_per_send"]


def limited_by(result):
    if result["load_cpu_share"] > 0.93:
        return "load program full"
    if result["server"]["cpu_share"] > 0.93:
        return "server core full"
    return "neither full" if result.get("others", 0) < 0.2 else "other programs at work"


def median(values):
    return statistics.median(values) if values else float("nan")


def spread(values):
    return f"{min(values):.2f}..{max(values):.2f}" if len(values) > 1 else ""
