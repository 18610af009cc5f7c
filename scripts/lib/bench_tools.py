"""bench_tools.py: what the parts of scripts/bench share: timed runs, the delay proxy, counted system calls."""

import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
SYNCS = {"fsync", "fdatasync", "syncfs", "sync", "sync_file_range", "msync"}


def say(text):
    print(text, file=sys.stderr, flush=True)


def mib(octets):
    return f"{octets / 2**20:.1f} MiB"


def read_env(path):
    with open(path, encoding="utf-8") as file:
        pairs = (line.strip().split("=", 1) for line in file if "=" in line)
        return {name: value.strip('"') for name, value in pairs}


class Proxy:
    """The delay proxy as a child; ends with it."""

    def __init__(self, port, delay_ms):
        self.process = subprocess.Popen(
            [sys.executable, os.path.join(HERE, "delay_proxy.py"), str(port), str(delay_ms)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())

    def traffic(self):
        """All so far: connections, octets from the clients, octets to them, round trips."""
        self.process.stdin.write("traffic\n")
        self.process.stdin.flush()
        numbers = map(int, self.process.stdout.readline().split())
        return dict(zip(("connections", "octets_in", "octets_out", "round_trips"), numbers))

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def timed(command, log):
    """Runs a command; how long it took, and what the kernel knows of it."""
    told = subprocess.run([sys.executable, "-I", "-S", os.path.join(HERE, "timed_run.py"), log, *command],
                          stdout=subprocess.PIPE, check=True)
    result = json.loads(told.stdout)
    if result.pop("exit") != 0:
        with open(log, encoding="utf-8", errors="replace") as text:
            raise SystemExit(f"{command[0]} failed:\n{text.read()[-2000:]}")
    return result


def counted(folder, run):
    """System calls by name; `run` is given what goes before its command."""
    table = os.path.join(folder, "strace")
    run(["strace", "-f", "-c", "-o", table])
    calls = {}
    with open(table, encoding="utf-8") as file:
        for line in file:
            words = line.split()
            if len(words) >= 5 and words[0].replace(".", "").isdigit() and words[-1] != "total":
                calls[words[-1]] = int(words[3])
    return {"calls": sum(calls.values()), "syncs": sum(calls.get(name, 0) for name in SYNCS),
            "most": dict(sorted(calls.items(), key=lambda pair: -pair[1])[:12])}
