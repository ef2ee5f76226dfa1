#!/usr/bin/env python3
"""How long a start takes on a large database: from exec to the first answers over REST.

  tools/bench_start.py [--build build/release] [--dir DIR] [--trades 100000000] [--rounds 5] [--keep]

Fills DIR/tickspan.db with bench/store_fill unless it is there already (with --keep it stays afterwards; 100 million
trades take some 1.5 GB and two minutes). A cold start has none of the file in the page cache. docs/benchmarks.md explains.
"""

import argparse
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

AIM = 2.0
CONFIG = "[log]\nlevel = \"error\"\n[store]\nrepair = false\nbackfill = false\n"
FIRST = "/api/v1/status"
CHART = "/api/v1/candles/coin-0/usd?interval=1h&limit=720&start="  # and the day 30 days ago


def sources():
    defaults = pathlib.Path(__file__).resolve().parent.parent / "config/tickspan.toml"
    return re.findall(r'^name = "(.+)"$', defaults.read_text(encoding="utf-8"), re.MULTILINE)


def source_table(name):
    """One is needed: its venue is away. The others are off."""
    away = 'ws_url = "ws://127.0.0.1:9/ws"\nrest_url = "http://127.0.0.1:9"\n'
    return f'[[sources]]\nname = "{name}"\n' + (away if name == "binance" else "enabled = false\n")


def drop_from_cache(path):
    for part in ("", "-wal"):
        if not os.path.exists(path + part):
            continue
        descriptor = os.open(path + part, os.O_RDONLY)
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def get(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def until_answer(port, path, begin, process, patience=120):
    while time.monotonic() - begin < patience:
        if process.poll() is not None:
            raise RuntimeError(f"the program ended with {process.returncode}")
        try:
            status, body = get(port, path)
            if status == 200:
                return time.monotonic() - begin, body
        except (ConnectionError, OSError):
            pass
        time.sleep(0.002)
    raise RuntimeError(f"no answer at {path} in {patience} s")


def one_start(program, folder, config):
    port = free_port()
    month_ago = time.strftime("%Y-%m-%dT00:00:00Z", time.gmtime(time.time() - 30 * 86_400))
    begin = time.monotonic()
    process = subprocess.Popen([program, "serve", "--config", config, "--data", folder, "--listen", f"127.0.0.1:{port}"],
                               stdout=subprocess.DEVNULL)
    try:
        first, _ = until_answer(port, FIRST, begin, process)
        chart, body = until_answer(port, CHART + month_ago, begin, process)
        candles = len(json.loads(body)["candles"])
        if candles < 700:
            raise RuntimeError(f"the chart has {candles} candles")
        return first, chart
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--build", default="build/release")
    arguments.add_argument("--dir")
    arguments.add_argument("--trades", type=int, default=100_000_000)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--keep", action="store_true")
    asked = arguments.parse_args()
    build = pathlib.Path(asked.build).resolve()
    folder = asked.dir or tempfile.mkdtemp(prefix="tickspan-start-", dir="/var/tmp")
    os.makedirs(folder, exist_ok=True)
    database = os.path.join(folder, "tickspan.db")
    there = os.path.exists(database)
    try:
        if not there:
            subprocess.run([build / "bench/store_fill", database, str(asked.trades)], check=True)
        config = os.path.join(folder, "bench.toml")
        with open(config, "w", encoding="utf-8") as out:
            out.write(CONFIG + "".join(source_table(name) for name in sources()))
        print(f"{os.path.getsize(database) / 1e9:.2f} GB in {database}")
        met = True
        for kind in ("cold", "warm"):
            times = []
            for _ in range(asked.rounds):
                if kind == "cold":
                    drop_from_cache(database)
                times.append(one_start(build / "tickspan", folder, config))
            for name, column in (("first answer", 0), ("first chart of 30 days of hours", 1)):
                values = sorted(t[column] for t in times)
                met = met and values[-1] < AIM
                print(f"{kind}: {name:32} {values[len(values) // 2]:6.2f} s ({values[0]:.2f} to {values[-1]:.2f}; "
                      f"aim under {AIM:.0f})")
        return 0 if met else 1
    finally:
        if not asked.keep and not (there and asked.dir):
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
