#!/usr/bin/env python3
"""Measures the fan-out side by side with its peers and prints each figure beside its aim.

  tools/bench_fanout.py [--build build/release] [--quick] [--only ceiling,slow] [--rounds N] [--table]

Results are kept in BUILD/bench-fanout.json (or bench-fanout-quick.json), scenario by scenario, so that a run can be cut
short and taken up again with --only; --table prints what is there. docs/benchmarks.md explains each figure.
PEER_COMMAND names a further server to run in the same rounds, with {port}, {rate} and {payload} in it, PEER_NAME what
to call it. It has to send its messages to every client of /ws, as bench/fanout/ws_peer does.
"""

import argparse
import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile
import time

from fanout_runs import Bench, ROOT, RunFailed, cost, cost_of_send, healthy, limited_by, median, spread


class Scenarios:
    """Each method is one scenario and returns rows: (figure, value, aim, whether it was met or None, remark)."""

    def __init__(self, bench, rounds):
        self.b = bench
        self.quick = bench.quick
        self.rounds = rounds or (1 if bench.quick else 7)

    def interleaved(self, kinds, run, rounds=None):
        """run(kind) for each kind in turn, again and again, each round from another start: {kind: [result or None]}."""
        results = {kind: [] for kind in kinds}
        for number in range(rounds or self.rounds):
            for kind in kinds[number % len(kinds):] + kinds[:number % len(kinds)]:
                try:
                    results[kind].append(run(kind))
                except RunFailed as failure:
                    self.b.log(f"  {kind}: {failure}")
                    results[kind].append(None)
        return results

    def ratios(self, results, kind, to, value=cost):
        """Of the rounds in which both were measured."""
        pairs = [(a, b) for a, b in zip(results[kind], results[to]) if a and b and value(b) > 0]
        return [value(a) / value(b) for a, b in pairs]

    def costs_row(self, name, results, kind):
        runs = [r for r in results[kind] if r]
        if not runs:
            return (f"{name}, {self.b.label(kind)}", "failed", "", None, "")
        remark = f"{median([r['ticks_per_send'] for r in runs]):.1f} ticks a send, p99 " \
                 f"{median([r['latency_ms']['p99'] for r in runs]):.1f} ms"
        return (f"{name}, {self.b.label(kind)}", f"{median([cost(r) for r in runs]):.2f} us", "", None, remark)

    # ---- scenarios ----

    def unbatched(self):
        rows = []
        for clients in (100, 1000, 10000):
            rate = 100_000 / clients
            kinds = self.b.kinds("bare", "ours", "ws", "peer")
            results = self.interleaved(kinds, lambda kind: self.b.measure(
                self.b.firehose(kind, rate), 2 if self.quick else 4, clients=clients, expect=rate))
            name = f"100,000/s unbatched, {clients} clients"
            rows += [self.costs_row(name, results, kind) for kind in kinds]
            # A server that is kept waiting by other programs sends several at once, which is cheaper: then sends count.
            batched = median([r["ticks_per_send"] for r in results["ours"] if r]) > 1.1
            for kind in kinds:
                ratio = self.ratios(results, "ours", kind, cost_of_send if batched else cost)
                if kind == "ours" or not ratio:
                    continue
                aim = ("<= 1.15", median(ratio) <= 1.15) if kind == "bare" else ("", None)
                rows.append((f"{name}: ours to {self.b.label(kind)}", f"{median(ratio):.2f}", *aim,
                             spread(ratio) + (" CPU per send: it was not unbatched" if batched else "")))
        return rows

    def io(self):
        rows = []
        for clients, rate in ((1000, 100), (10000, 10), (1000, 1000)):
            results = self.interleaved(["ours", "io_uring"], lambda kind: self.b.measure(
                self.b.firehose(kind, rate), 2 if self.quick else 4, clients=clients, expect=rate),
                1 if self.quick else min(self.rounds, 5))
            name = f"{clients} clients, {rate}/s each"
            rows += [self.costs_row(name, results, kind) for kind in results]
            ratio = self.ratios(results, "io_uring", "ours")
            if ratio:
                rows.append((f"{name}: io_uring to direct", f"{median(ratio):.2f}", "", None, spread(ratio)))
        return rows

    def ceiling_of(self, kind, clients):
        """Deliveries a second, raised until the server falls behind, and the last run that kept up."""
        seconds = 1.5 if self.quick else 3
        total = {"ours": 4e6, "peer": 1e6, "ws": 50e3}.get(kind, 1e5)
        best = None
        low, high = 0.0, math.inf
        for _ in range(4 if self.quick else 12):
            rate = total / clients
            try:
                result = self.b.measure(self.b.firehose(kind, rate), seconds, clients=clients, expect=rate, open_timeout=15)
                kept_up = healthy(result)
            except RunFailed as failure:
                self.b.log(f"  {kind} at {total:,.0f}/s: {failure}")
                kept_up, result = False, None
            if result:
                self.b.log(f"  {kind}, {clients} clients, {total:,.0f}/s: {'kept up' if kept_up else 'fell behind'}, "
                           f"delivered {result['delivered']:.3f}, p99 {result['latency_ms']['p99']:.0f} ms, "
                           f"{limited_by(result)}")
            if kept_up:
                low, best = total, result
            else:
                high = total
            if high / max(low, 1) < (1.3 if self.quick else 1.1):
                break
            total = low * (2 if self.quick else 1.6) if high == math.inf else math.sqrt(low * high) if low else high / 2.5
        return best

    def ceiling(self):
        rows = []
        for clients in (1000,) if self.quick else (1000, 10000):
            kinds = self.b.kinds("ours", "ws", "peer")
            results = self.interleaved(kinds, lambda kind: self.ceiling_of(kind, clients), 1 if self.quick else 3)
            value = lambda result: result["deliveries_per_s"]
            for kind in kinds:
                runs = [r for r in results[kind] if r]
                text = f"{median([value(r) for r in runs]) / 1e6:.2f} M/s" if runs else "failed"
                remark = "; ".join(sorted({limited_by(r) for r in runs}))
                rows.append((f"ceiling, {clients} clients, {self.b.label(kind)}", text, "", None, remark))
            for kind in kinds[1:]:
                ratio = self.ratios(results, "ours", kind, value)
                if ratio:
                    aim = (">= 4", median(ratio) >= 4) if kind == "peer" else ("", None)
                    rows.append((f"ceiling, {clients} clients: ours to {self.b.label(kind)}", f"{median(ratio):.1f}", *aim,
                                 spread(ratio)))
        return rows

    def hot_cost_at(self, ticks, clients, seconds):
        """CPU per delivery of one hot channel at so many ticks a send, between two runs around it."""
        rate, points = 200.0, []
        for _ in range(2 if self.quick else 4):
            run = self.b.measure(self.b.hub(rate), seconds, clients=clients, subscribe=1, expect=rate)
            points.append((run["ticks_per_send"], cost(run)))
            if abs(math.log(run["ticks_per_send"] / ticks)) < 0.1:
                break
            rate = min(max(rate * ticks / run["ticks_per_send"], 5), 4000)
        points.sort(key=lambda point: abs(math.log(point[0] / ticks)))
        (t1, c1), (t2, c2) = points[0], points[1 if len(points) > 1 else 0]
        if abs(math.log(t1 / t2)) < 0.05:
            return c1, points
        slope = math.log(c2 / c1) / math.log(t2 / t1)
        return c1 * (ticks / t1) ** max(-1.0, min(0.0, slope)), points

    def mixed_run(self, seconds, threads=1, core="default"):
        return self.b.measure(self.b.hub(10, channels=500, threads=threads, core=core), seconds, clients=10000, subscribe=20,
                              channels=500, expect=200, core=core, checked=200)

    def mixed(self):
        long = self.mixed_run(8 if self.quick else 60)
        rows = [("mixed, 10,000 clients on 20 of 500, 5,000/s: delivered", f"{long['delivered']:.3f}", ">= 0.98",
                 long["delivered"] >= 0.98, limited_by(long)),
                ("mixed: p99, engine to socket read", f"{long['latency_ms']['p99']:.0f} ms", "< 250 ms",
                 long["latency_ms"]["p99"] < 250, f"p50 {long['latency_ms']['p50']:.0f} ms"),
                ("mixed: p99 of the last third to the first", f"{long['growth']:.2f}", "<= 1.5", long["growth"] <= 1.5,
                 f"{long['seconds']:.0f} s"),
                ("mixed: lost, gaps, connections lost", f"{long['lost']}, {long['gaps']}, {long['lost_connections']}", "0",
                 long["lost"] + long["gaps"] + long["lost_connections"] == 0, "")]
        ratios, remark = [], ""
        for _ in range(1 if self.quick else min(self.rounds, 3)):
            run = long if self.quick else self.mixed_run(10)
            hot, points = self.hot_cost_at(run["ticks_per_send"], 10000, 3 if self.quick else 5)
            ratios.append(cost(run) / hot)
            remark = f"{cost(run):.2f} to {hot:.2f} us at {run['ticks_per_send']:.1f} ticks a send"
        rows.append(("mixed to hot channel, CPU per delivery", f"{median(ratios):.2f}", "<= 1.5", median(ratios) <= 1.5,
                     f"{remark} {spread(ratios)}"))
        return rows

    def threads(self):
        rows = []
        crowds = [("100,000/s unbatched", lambda n: self.b.measure(
            self.b.hub(100, firehose=True, threads=n, core=None), 3, clients=1000, expect=100, core=None))]
        if not self.quick:
            crowds.append(("mixed", lambda n: self.mixed_run(8, n, core=None)))
        for name, run in crowds:
            results = self.interleaved([1, 2], run, 1 if self.quick else min(self.rounds, 5))
            # Only at the same number of ticks a send can a delivery's cost be compared; else a send's is.
            ticks = [median([r["ticks_per_send"] for r in results[n] if r]) for n in (1, 2)]
            alike = abs(ticks[0] / ticks[1] - 1) < 0.1
            ratio = self.ratios(results, 1, 2, cost if alike else cost_of_send)
            if not ratio:
                rows.append((f"two server threads to one, {name}", "failed", ">= 0.85", False, ""))
                continue
            what = "deliveries" if alike else "sends"
            limits = ", ".join(sorted({limited_by(r) for r in results[2] if r}))
            rows.append((f"two server threads to one, {name}: {what} per CPU second", f"{median(ratio):.2f}", ">= 0.85",
                         median(ratio) >= 0.85, f"ticks a send {ticks[0]:.1f}, {ticks[1]:.1f}; {spread(ratio)}; {limits}"))
        return rows

    def idle(self):
        run = self.b.measure(self.b.hub(1000, quiet=1), 7 if self.quick else 15, clients=500, subscribe=1, expect=1000,
                             idle=18500, idle_rate=12000, idle_channel="bench:1", in_flight=2048)
        idle = run["idle"]
        return [("18,500 idle while 500 get 1,000/s each: opened a second", f"{idle['opened_per_s']:,}", ">= 5,000",
                 idle["opened_per_s"] >= 5000 and idle["ready"] == 18500, f"{idle['ready']} ready, {limited_by(run)}"),
                ("idle: delivered to the 500", f"{run['delivered']:.3f}", ">= 0.98", run["delivered"] >= 0.98,
                 f"p99 {run['latency_ms']['p99']:.0f} ms, {run['heartbeats']} heartbeats"),
                ("idle: lost connections", f"{idle['lost'] + run['lost_connections']}", "0",
                 idle["lost"] + run["lost_connections"] == 0, "")]

    def memory(self):
        rows = []
        plain = self.b.measure(self.b.hub(0, quiet=1), 1, clients=10000, subscribe=1)["server"]["user_kib_per_client"]
        rows.append(("user memory per idle subscribed connection", f"{plain:.2f} KiB", "< 2", plain < 2, "10,000 of them"))
        with tempfile.TemporaryDirectory() as folder:
            files = [f"{folder}/cert.pem", f"{folder}/key.pem"]
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                            "-days", "2", "-subj", "/CN=localhost", "-out", files[0], "-keyout", files[1]],
                           check=True, capture_output=True)
            tls = self.b.measure(self.b.hub(0, quiet=1, tls=files), 1, clients=2000, subscribe=1, tls=True, open_rate=1000)
        tls = tls["server"]["user_kib_per_client"]
        rows.append(("the same with TLS", f"{tls:.1f} KiB", "< 40", tls < 40, "2,000 of them"))
        return rows

    def slow(self):
        # Long enough that socket buffers and then the queue of a slow client fill up: 1.3 MiB.
        seconds, clients, rate = (6, 500, 3000) if self.quick else (15, 1000, 1000)
        shares = [0, 0.1, 0.5]
        results = self.interleaved(shares, lambda share: self.b.measure(
            self.b.hub(rate), seconds, clients=clients, subscribe=1, expect=rate, slow=share or None))
        if not any(results[0]):
            return [("slow", "failed", "", False, "")]
        rows = [(f"{clients} clients at {rate:,}/s: p99 without slow ones",
                 f"{median([r['latency_ms']['p99'] for r in results[0] if r]):.1f} ms", "", None, "")]
        for share in shares[1:]:
            ratio = self.ratios(results, share, 0, lambda r: r["latency_ms"]["p99"])
            runs = [r for r in results[share] if r]
            if not ratio:
                rows.append((f"slow {share}", "failed", "", False, ""))
                continue
            ends = {**runs[-1]["slow"], "closed by the server": closed_as_slow(runs[-1])}
            rows.append((f"one slow in {round(1 / share)}: the others' p99 to that", f"{median(ratio):.2f}", "<= 1.25",
                         median(ratio) <= 1.25, f"{spread(ratio)}; " + ", ".join(f"{k} {v}" for k, v in ends.items())))
            # What grows without them as well, the kept history above all, is not theirs.
            grown = lambda r: (r["server"]["rss_peak_kib"] - r["server"]["rss_opened_kib"]
                               + r["sockets_peak_kib"] - r["sockets_before_kib"])
            worst = max((grown(r) - grown(without)) / r["slow"]["clients"]
                        for r, without in zip(results[share], results[0]) if r and without)
            rows.append((f"one slow in {round(1 / share)}: memory a slow client, kernel's included", f"{worst:.0f} KiB",
                         "<= 2,048", worst <= 2048, "queue 1,024, socket buffers, and what it takes to grow"))
        return rows

    def deflate(self):
        if not self.b.hub_knows("--deflate"):
            return [("deflate", "not in this hub_server", "<= 1.5", None, "")]
        results = self.interleaved([False, True], lambda deflate: self.b.measure(
            self.b.hub(100, deflate=deflate), 3, clients=1000, subscribe=1, expect=100, deflate=deflate))
        ratio = self.ratios(results, True, False)
        if not ratio:
            return [("permessage-deflate to plain, CPU per delivery", "failed", "<= 1.5", False, "")]
        size = {kind: median([r["bytes"] / max(r["deliveries"], 1) for r in results[kind] if r]) for kind in results}
        return [("permessage-deflate to plain, CPU per delivery, 1,000 clients", f"{median(ratio):.2f}", "<= 1.5",
                 median(ratio) <= 1.5, f"{spread(ratio)}; {size[False]:.0f} to {size[True]:.0f} bytes")]


NAMES = ["unbatched", "ceiling", "mixed", "threads", "idle", "memory", "slow", "deflate", "io"]


def closed_as_slow(run):
    """By the server's own count: who reads nothing can't see the close frame, only the cut that follows."""
    return int(float(run["at_exit"].get("stream", {}).get("closed_total{reason='slow'}", 0)))


def print_markdown(rows):
    for figure, value, aim, met, remark in rows:
        print(f"| {figure} | {value} | {aim} | {'' if met is None else 'yes' if met else '**no**'} | {remark} |")


def print_rows(rows):
    for figure, value, aim, met, remark in rows:
        mark = "" if met is None else "  ok" if met else "MISS"
        print(f"{figure:<66} {value:>12}  {aim:>9} {mark:>4}  {remark}".rstrip(), flush=True)


def install_ws(log):
    folder = ROOT / "bench/fanout/ws_peer"
    if (folder / "node_modules/ws").exists():
        return
    done = subprocess.run(["npm", "ci", "--no-progress", "--silent"], cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        log(f"ws is left out: npm ci failed: {done.stderr.strip()[:200]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build/release")
    parser.add_argument("--quick", action="store_true", help="everything once and short, about two minutes")
    parser.add_argument("--only", default="", help="comma-separated: " + ", ".join(NAMES))
    parser.add_argument("--rounds", type=int, default=0, help="interleaved rounds (7; quick 1)")
    parser.add_argument("--server-core", type=int, default=0)
    parser.add_argument("--load-core", type=int, default=1)
    parser.add_argument("--table", action="store_true", help="print the kept results, measure nothing")
    parser.add_argument("--markdown", action="store_true", help="with --table: as it stands in docs/benchmarks.md")
    options = parser.parse_args()
    only = [name for name in options.only.split(",") if name] or [n for n in NAMES if n != "io" or not options.quick]
    if unknown := set(only) - set(NAMES):
        parser.error(f"no such scenario: {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    kept_in = pathlib.Path(options.build) / ("bench-fanout-quick.json" if options.quick else "bench-fanout.json")
    kept = json.loads(kept_in.read_text()) if kept_in.exists() else {}
    if options.table:
        if options.markdown:
            print("| figure | value | aim | met | remark |\n|---|---:|---:|---|---|")
            for name in [name for name in only if name in kept]:
                print_markdown(kept[name]["rows"])
            return 0
        for name in [name for name in only if name in kept]:
            print(f"== {name} ({kept[name]['at']}; others kept {kept[name]['others']:.2f} cores busy)")
            print_rows(kept[name]["rows"])
        return 0

    log = lambda text: print(text, file=sys.stderr, flush=True)
    if os.cpu_count() < 2:
        log("one core only: server and load share it, and the figures say little")
    install_ws(log)
    bench = Bench(options.build, options.quick, options.server_core, options.load_core, log)
    scenarios = Scenarios(bench, options.rounds)
    print(f"{'figure':<66} {'value':>12}  {'aim':>9}")
    for name in only:
        began, first = time.monotonic(), len(bench.noise)
        try:
            rows = getattr(scenarios, name)()
        except RunFailed as failure:
            rows = [(name, "failed", "", False, str(failure))]
        noise = bench.noise[first:]
        others = sum(noise) / len(noise) if noise else 0.0
        print_rows(rows)
        if others > 0.1:
            log(f"  {name}: other programs kept {others:.2f} cores busy: read ratios only, or run it again")
        kept[name] = {"at": time.strftime("%Y-%m-%d %H:%M"), "took_s": round(time.monotonic() - began), "others": others,
                      "rows": rows}
        kept_in.write_text(json.dumps(kept, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
