"""soak.py: runs mailpipe on a very large account and looks whether memory and time per message stay flat; see scripts/soak."""

import argparse
import json
import os
import re
import shutil
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

from bench_tools import counted, mib, say

SLICES = 10
ALLOWANCE = 8 << 20  # page cache of SQLite (4 MiB), its WAL index and the allocator's: full some time after the first slice
TICKS = os.sysconf("SC_CLK_TCK")


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--mailpipe", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--octets", type=int, default=400)
    parser.add_argument("--sink", choices=("mbox", "maildir", "eml"), default="mbox")
    parser.add_argument("--json")
    return parser.parse_args()


def message(number, octets):
    """As model-imap makes it."""
    out = f"From: soak@example.org\r\nSubject: message {number}\r\nMessage-ID: <{number}@soak.example.org>\r\n\r\n"
    line = f"This is line of message {number}.\r\n"
    return (out + line * max(0, -(-(octets - len(out)) // len(line)))).encode()


class Watched:
    """A running mailpipe: memory, processor time and calls as the kernel tells them, progress as the ledger does."""

    def __init__(self, command, ledger):
        self.ledger, self.database = ledger, None
        self.base = self.stored()  # by earlier runs
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.begin = time.monotonic()

    def fields(self, name, separator):
        with open(f"/proc/{self.process.pid}/{name}", encoding="ascii") as file:
            return dict(line.strip().split(separator, 1) for line in file if separator in line)

    def stored(self):
        try:
            if self.database is None:
                self.database = sqlite3.connect(f"file:{self.ledger}?mode=ro", uri=True, timeout=0)
            return self.database.execute("SELECT max(id) FROM rows").fetchone()[0] or 0
        except sqlite3.Error:  # not made yet
            self.database = None
            return 0

    def sample(self):
        """Nothing when it has ended."""
        try:
            status, calls = self.fields("status", ":"), self.fields("io", ":")
            with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as file:
                times = file.read().rpartition(")")[2].split()
            return {"seconds": time.monotonic() - self.begin, "stored": self.stored(),
                    "rss": int(status["VmRSS"].split()[0]) << 10, "peak": int(status["VmHWM"].split()[0]) << 10,
                    "cpu": (int(times[11]) + int(times[12])) / TICKS,
                    "calls": int(calls["syscr"]) + int(calls["syscw"])}
        except (OSError, KeyError, ValueError):
            return None

    def watch(self, step, kill_at=None):
        """Samples at the end and whenever so many more messages are stored."""
        slices, peak, due = [], None, self.base + step
        while not self.ended():
            now = self.sample()
            if now:
                peak = now["peak"]
                if now["stored"] >= due:
                    slices.append(now)
                    due += step * (1 + (now["stored"] - due) // step)
                if kill_at and now["stored"] >= kill_at:
                    self.process.send_signal(signal.SIGKILL)
                    break
            time.sleep(0.05)
        told = self.process.stdout.read()
        _, status, usage = os.wait4(self.process.pid, 0)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        if self.database:
            self.database.close()
        peak = peak or usage.ru_maxrss << 10  # ended before it was looked at: at least its peak, for this process counts, too
        return {"slices": slices, "peak": peak, "exit": self.process.returncode, "told": told,
                "seconds": time.monotonic() - self.begin}

    def ended(self):
        """It stays to be waited for: what it used is told then."""
        return os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


class Soak:
    def __init__(self, options, folder):
        self.options, self.folder, self.failures = options, folder, []
        self.step = max(1, options.messages // SLICES)
        os.environ["SOAK_PASSWORD"] = "secret"
        self.model = subprocess.Popen([options.model, str(options.messages), str(options.octets)],
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self.model.stdout.readline())

    def close(self):
        self.model.stdin.close()
        self.model.wait()

    def command(self, home, port=None):
        os.makedirs(home, exist_ok=True)
        path = os.path.join(home, "soak.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write("version: 1\nname: soak\nsource:\n  type: imap\n  with:\n    host: 127.0.0.1\n    tls: none\n"
                       f"    port: {port or self.port}\n    user: ann\n    password: {{ $env: SOAK_PASSWORD }}\n"
                       f"sinks:\n  - type: {self.options.sink}\n    with: {{ path: {home}/mail }}\n")
        return [self.options.mailpipe, "run", path, "--state", os.path.join(home, "state"), "--progress", "never",
                "--report", os.path.join(home, "report.json")]

    def fail(self, text):
        self.failures.append(text)
        say(f"FAILED: {text}")

    def run(self, name, home, kill_at=None, step=None):
        say(name)
        ledger = os.path.join(home, "state", "ledger.db")
        result = Watched(self.command(home), ledger).watch(step or self.step, kill_at)
        result["step"] = step or self.step
        if result["exit"] != (-signal.SIGKILL if kill_at else 0):
            raise SystemExit(f"{name}: exit {result['exit']}\n{result['told']}")
        if not kill_at:
            with open(os.path.join(home, "report.json"), encoding="utf-8") as file:
                result["report"] = json.load(file)
            result["ledger"] = sum(e.stat().st_size for e in os.scandir(os.path.dirname(ledger)) if e.is_file())
        self.show(name, result)
        return result

    def show(self, name, result):
        print(f"\n{name}: {result['seconds']:.1f} s, peak {mib(result['peak'])}"
              + (f", ledger {result['ledger'] / self.options.messages:.0f} octets a message" if "ledger" in result else ""))
        before = None
        for now in result["slices"]:
            if before:
                count = now["stored"] - before["stored"]
                seconds = now["seconds"] - before["seconds"]
                print(f"  to {now['stored']:>8}: {count / seconds:7.0f} messages/s, "
                      f"{(now['cpu'] - before['cpu']) / count * 1e6:6.0f} us of processor, memory {mib(now['rss'])}, "
                      f"peak {mib(now['peak'])}, {(now['calls'] - before['calls']) / count:5.1f} reads and writes a message")
            else:
                print(f"  to {now['stored']:>8}: {now['seconds']:7.1f} s with its start, memory {mib(now['rss'])}, peak {mib(now['peak'])}")
            before = now
        sys.stdout.flush()

    # --- what must hold

    def expect_flat(self, name, result):
        slices = result["slices"]
        if result["step"] < 10_000:  # so few are a batch or two: noise
            return
        if len(slices) < 6:
            self.fail(f"{name}: only {len(slices)} slices to compare")
            return
        most = 1.5 * slices[0]["peak"] + ALLOWANCE
        if result["peak"] > most:
            self.fail(f"{name}: peak memory {mib(result['peak'])}, after the first slice {mib(slices[0]['peak'])}")
        for what, times in (("cpu", 2), ("seconds", 4)):  # a neighbour on the machine takes of the seconds
            each = [(b[what] - a[what]) / (b["stored"] - a["stored"]) for a, b in zip(slices, slices[1:])]
            first, last = statistics.median(each[:3]), statistics.median(each[-3:])
            if last > times * first:
                self.fail(f"{name}: {what} a message grow from {first * 1e6:.0f} to {last * 1e6:.0f} us")

    def expect_all(self, home):
        """Every message once, with its octets."""
        seen = bytearray(self.options.messages + 1)
        wrong = 0
        for octets in self.messages(os.path.join(home, "mail")):
            found = re.search(rb"\nMessage-ID: <(\d+)@", octets)
            number = int(found.group(1)) if found else 0
            expected = message(number, self.options.octets)
            if self.options.sink == "mbox":
                expected = expected.replace(b"\r\n", b"\n")
            wrong += octets != expected or seen[number]
            seen[number] = 1
        missing = self.options.messages - sum(seen[1:])
        if wrong or missing:
            self.fail(f"{missing} messages are missing, {wrong} are wrong or there twice")

    def messages(self, root):
        for folder, _, names in os.walk(root):
            for name in names:
                path = os.path.join(folder, name)
                if self.options.sink == "mbox" and name == "INBOX":
                    yield from self.in_mbox(path)
                elif name.endswith(".eml") or os.path.basename(folder) in ("cur", "new"):
                    with open(path, "rb") as file:
                        yield file.read()

    @staticmethod
    def in_mbox(path):
        octets = None
        with open(path, "rb") as file:
            for line in file:
                if line.startswith(b"From "):
                    if octets is not None:
                        yield octets[:-1]
                    octets = b""
                else:
                    octets += line
        if octets is not None:
            yield octets[:-1]

    # --- the parts

    def calls(self):
        """Of a small account: strace makes a run slow, and does not change what it calls."""
        if not shutil.which("strace"):
            return None
        few = min(self.options.messages, 10_000)
        model = subprocess.Popen([self.options.model, str(few), str(self.options.octets)], stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, text=True)
        command = self.command(os.path.join(self.folder, "calls"), int(model.stdout.readline()))
        told = counted(self.folder, lambda before: subprocess.run([*before, *command], check=True,
                                                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        model.stdin.close()
        model.wait()
        print(f"\nof {few} messages: {told['calls'] / few:.1f} system calls a message, {told['syncs'] / few:.4f} syncs")
        return told

    def all(self):
        options = self.options
        out = {"calls": self.calls()}
        home = os.path.join(self.folder, "whole")
        out["first"] = self.run("first run", home)
        if out["first"]["report"]["counts"]["stored"] != options.messages:
            self.fail("first run: not everything was stored")
        self.expect_flat("first run", out["first"])
        out["next"] = self.run("next run", home)
        if out["next"]["report"]["counters"].get("source.bodies", 0) != 0:
            self.fail("next run: something was downloaded again")
        if out["next"]["peak"] > out["first"]["peak"]:
            self.fail("next run: more memory than the first")
        self.expect_all(home)
        shutil.rmtree(home)
        home = os.path.join(self.folder, "killed")
        out["killed"] = self.run("run that is killed half way", home, options.messages // 2)
        out["after"] = self.run("run after the kill", home, step=self.step // 2)  # half is left
        self.expect_flat("run after the kill", out["after"])
        if out["after"]["peak"] > 1.5 * out["first"]["peak"] + ALLOWANCE:
            self.fail("run after the kill: more memory than the first run")
        self.expect_all(home)
        return out


def main():
    options = arguments()
    parent = os.environ.get("TMPDIR", "/var/tmp")
    with tempfile.TemporaryDirectory(prefix="mailpipe-soak-", dir=parent) as folder:
        soak = Soak(options, folder)
        try:
            print(f"{options.messages} messages of {len(message(options.messages, options.octets))} octets over IMAP, "
                  f"into {options.sink} in {parent}")
            out = soak.all()
        finally:
            soak.close()
        if options.json:
            with open(options.json, "w", encoding="utf-8") as file:
                json.dump(out, file, indent=2)
    print("\nsoak: " + ("FAILED: " + "; ".join(soak.failures) if soak.failures else "all flat, all there"))
    return 1 if soak.failures else 0


sys.exit(main())
