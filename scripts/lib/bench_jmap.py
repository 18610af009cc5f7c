"""bench_jmap.py: measures mailpipe against a serial JMAP loop on one server; see scripts/bench, which starts the server.

Runs of the kinds that are compared take turns, so that what else the machine does hits all alike; medians are reported.
System calls are counted in runs of their own, since counting slows a run down.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile

from bench_tools import HERE, Proxy, counted, mib, read_env, say, timed

LARGE_USER = "carol"
SINKS = {"eml": "mail", "maildir": "maildir", "mbox": "mbox"}  # and their folders


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--mailpipe", required=True)
    parser.add_argument("--fill", required=True)
    parser.add_argument("--ports", required=True)
    parser.add_argument("--messages", type=int, default=10000)
    parser.add_argument("--delay", type=float, default=25)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--serial", type=int, default=0)
    parser.add_argument("--serial-delayed", type=int, default=300)
    parser.add_argument("--large", type=int, default=200_000_000)
    parser.add_argument("--json")
    return parser.parse_args()


class Bench:
    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.server = read_env(options.ports)
        self.https = int(self.server["HTTPS_PORT"])
        self.log = os.path.join(folder, "log")
        self.latest = {}
        os.environ["BENCH_PASSWORD"] = self.server["PASSWORD"]

    def url(self, port):
        return f"https://localhost:{port}/jmap"

    def fresh(self, kind):
        """A new folder each time, and none is removed before the end: ext4 is slow to use what was just freed."""
        self.latest[kind] = tempfile.mkdtemp(prefix=kind + "-", dir=self.folder)
        return self.latest[kind]

    def pipeline(self, home, port, user, sinks):
        path = os.path.join(home, "bench.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(
                "version: 1\nname: bench\nsource:\n  type: jmap\n  with:\n"
                f"    session_url: {self.url(port)}\n    ca_file: {self.server['CA_FILE']}\n"
                f"    user: {user}\n    password: {{ $env: BENCH_PASSWORD }}\n"
                "sinks:\n" + "".join(f"  - type: {sink}\n    with: {{ path: {home}/{folder} }}\n"
                                     for sink, folder in list(SINKS.items())[:sinks]))
        return path

    def mailpipe(self, home, port, user="bob", before=(), sinks=1):
        report = os.path.join(home, "report.json")
        result = timed([*before, self.options.mailpipe, "run", self.pipeline(home, port, user, sinks), "--state",
                        os.path.join(home, "state"), "--report", report, "--progress", "never"], self.log)
        with open(report, encoding="utf-8") as file:
            told = json.load(file)
        counter = lambda name: sum(v for k, v in told["counters"].items() if k.endswith("." + name))
        return {**result, "stored": told["counts"]["stored"], "requests": counter("http_requests"),
                "connections": counter("connections")}

    def serial(self, port, limit):
        home = self.fresh("serial")
        result = timed([sys.executable, os.path.join(HERE, "serial_jmap.py"), self.url(port), self.server["CA_FILE"],
                        "bob", home, *([str(limit)] if limit else [])], self.log)
        with open(self.log, encoding="utf-8") as file:
            told = json.load(file)
        # As long as the whole mailbox would have taken, if only a part was fetched.
        scale = told["listed"] / told["fetched"]
        result["seconds"] += told["fetch_seconds"] * (scale - 1)
        result["requests"] = round(told["requests"] + told["fetched"] * (scale - 1))
        return {**result, "stored": told["listed"], "fetched": told["fetched"]}

    def round_of(self, port, limit):
        """One run of each kind."""
        home = self.fresh("mailpipe")
        first = self.mailpipe(home, port)
        return {"first": first, "again": self.mailpipe(home, port), "serial": self.serial(port, limit),
                "three": self.mailpipe(self.fresh("three"), port, sinks=3)}

    def line(self, name, delay, limit):
        """All rounds on one line to the server."""
        proxy = Proxy(self.https, delay) if delay else None
        rounds = []
        for number in range(self.options.runs):
            rounds.append(self.round_of(proxy.port if proxy else self.https, limit))
            latest = rounds[-1]
            say(f"{name}, round {number + 1}: first {latest['first']['seconds']:.2f} s, nothing new "
                f"{latest['again']['seconds']:.2f} s, serial {latest['serial']['seconds']:.1f} s")
        if proxy:
            proxy.close()
        kinds = {kind: {value: statistics.median(r[kind][value] for r in rounds) for value in rounds[0][kind]}
                 for kind in rounds[0]}
        each = [r["serial"]["seconds"] / r["first"]["seconds"] for r in rounds]
        three = [r["three"]["seconds"] / r["first"]["seconds"] for r in rounds]
        ratio = {"three": statistics.median(three), "three_least": min(three), "three_most": max(three), "median": statistics.median(each), "least": min(each), "most": max(each)}
        return {"delay_ms": delay, **kinds, "ratio": ratio, "rounds": rounds}

    def counters(self):
        home = self.fresh("mailpipe")
        return {kind: counted(self.folder, lambda before: self.mailpipe(home, self.https, before=before))
                for kind in ("first", "again")}

    def ledger_octets(self):
        state = os.path.join(self.latest["mailpipe"], "state")
        return sum(os.path.getsize(os.path.join(state, name)) for name in os.listdir(state)
                   if os.path.isfile(os.path.join(state, name)))

    def fill(self, user, messages, large=0):
        subprocess.run([self.options.fill, self.server["IMAP_PORT"], user, self.server["PASSWORD"], str(messages),
                        *([str(large)] if large else [])], check=True)

    def run(self):
        options = self.options
        say(f"filling the server with {options.messages} messages")
        self.fill("bob", options.messages)
        out = {"messages": options.messages, "lines": [self.line("loopback", 0, options.serial)]}
        out["ledger_octets"] = self.ledger_octets()
        out["octets"] = sum(e.stat().st_size for e in os.scandir(os.path.join(self.latest["mailpipe"], "mail")))
        if options.delay > 0:
            out["lines"].append(self.line(f"{options.delay:g} ms each way", options.delay, options.serial_delayed))
        if shutil.which("strace"):
            say("counting system calls")
            out["counters"] = self.counters()
        if options.large > 0:
            say(f"a message of {options.large} octets")
            self.fill(LARGE_USER, 500, options.large)
            out["large"] = {"octets": options.large, **self.mailpipe(self.fresh("large"), self.https, LARGE_USER)}
        return out


def table(out):
    """What a person reads."""
    messages = out["messages"]
    print(f"{messages} messages, {mib(out['octets'])}, one file a message; JMAP over TLS; medians of "
          f"{len(out['lines'][0]['rounds'])} interleaved rounds\n")
    row = "{:<34}{:>16}{:>16}{:>16}".format
    for line in out["lines"]:
        first, again, serial = line["first"], line["again"], line["serial"]
        name = f"{line['delay_ms']:g} ms each way" if line["delay_ms"] else "loopback"
        print(row(name, "mailpipe", "serial loop", "nothing new"))
        print(row("  seconds", f"{first['seconds']:.2f}", f"{serial['seconds']:.1f}", f"{again['seconds']:.2f}"))
        rate = lambda run: f"{messages / run['seconds']:.0f}"
        print(row("  messages/s", rate(first), rate(serial), ""))
        print(row("  CPU seconds of the client", f"{first['cpu']:.2f}", f"{serial['cpu']:.1f}", f"{again['cpu']:.2f}"))
        print(row("  HTTP requests", *(f"{run['requests']:.0f}" for run in (first, serial, again))))
        print(row("  TCP connections", f"{first['connections']:.0f}", f"{serial['requests']:.0f}",
                  f"{again['connections']:.0f}"))
        print(row("  peak memory", *(mib(run["peak"]) for run in (first, serial, again))))
        ratio = line["ratio"]
        print(f"  mailpipe is {ratio['median']:.1f} times as fast ({ratio['least']:.1f} to {ratio['most']:.1f})")
        print(f"  three sinks take {ratio['three']:.2f} times the time of one "
              f"({ratio['three_least']:.2f} to {ratio['three_most']:.2f}): {line['three']['seconds']:.2f} s")
        if serial["fetched"] < messages:
            print(f"  (the serial loop fetched {serial['fetched']:.0f} messages; the rest of its time is extrapolated)")
        print()
    if "counters" in out:
        first, again = out["counters"]["first"], out["counters"]["again"]
        print(f"system calls per message: {first['calls'] / messages:.1f}   (nothing new: {again['calls']} in all)")
        print(f"syncs per message:        {first['syncs'] / messages:.4f}   (nothing new: {again['syncs']} in all)")
        print("most frequent calls:      " +
              ", ".join(f"{name} {count / messages:.2f}" for name, count in list(first["most"].items())[:8]))
    else:
        print("system calls: not counted, there is no strace")
    print(f"ledger octets per message: {out['ledger_octets'] / messages:.0f}")
    if "large" in out:
        print(f"peak memory with a message of {mib(out['large']['octets'])}: {mib(out['large']['peak'])}")


def main():
    options = arguments()
    with tempfile.TemporaryDirectory(prefix="mailpipe-bench-") as folder:
        out = Bench(options, folder).run()
        table(out)  # before the folder goes: that takes a while
        sys.stdout.flush()
        if options.json:
            with open(options.json, "w", encoding="utf-8") as file:
                json.dump(out, file, indent=2)


main()
