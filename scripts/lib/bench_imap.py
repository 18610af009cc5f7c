"""bench_imap.py: measures mailpipe beside mbsync on one IMAP server; see scripts/bench, which starts the server.

Runs of the kinds that are compared take turns, so that what else the machine does hits all alike; medians are reported.
What each run left on the disk is compared with what the server was given. System calls are counted in runs of their own.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

from bench_tools import Proxy, counted, mib, read_env, say, timed
from imap_fill import Filler, message


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--mailpipe", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--ports", required=True)
    parser.add_argument("--messages", type=int, default=20000)
    parser.add_argument("--folders", type=int, default=200)
    parser.add_argument("--delay", type=float, default=25)
    parser.add_argument("--known", type=int, default=1_000_000)
    parser.add_argument("--large", type=int, default=200_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json")
    return parser.parse_args()


def digests(folder, undo):
    """How often each SHA-256 occurs in the Maildir `folder`; `undo` takes mbsync's line and line ends back."""
    found = {}
    for sub in ("cur", "new"):
        for entry in os.scandir(os.path.join(folder, sub)):
            with open(entry.path, "rb") as file:
                octets = file.read()
            if undo:
                head, blank, body = octets.partition(b"\n\n")
                lines = (line for line in head.split(b"\n") if not line.startswith(b"X-TUID: "))
                octets = (b"\n".join(lines) + blank + body).replace(b"\n", b"\r\n")
            digest = hashlib.sha256(octets).hexdigest()
            found[digest] = found.get(digest, 0) + 1
    return found


def mbox_digests(path):
    """How often each SHA-256 occurs in an mboxrd file, as the server sent them: with the ends of its lines."""
    with open(path, "rb") as file:
        octets = file.read()
    found = {}
    for message in re.split(rb"(?:^|(?<=\n\n))From [^\n]*\n", octets)[1:]:
        lines = [line[1:] if re.match(rb">+From ", line) else line for line in message[:-1].split(b"\n")]
        digest = hashlib.sha256(b"\r\n".join(lines)).hexdigest()
        found[digest] = found.get(digest, 0) + 1
    return found


def median_of(runs):
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]}


SINKS = {"maildir": "mail", "eml": "eml", "mbox": "mbox"}  # and their folders
KINDS = {"mailpipe": ("maildir",), "mailpipe, mbox": ("mbox",), "mailpipe, 3 sinks": tuple(SINKS)}


class Bench:
    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.server = read_env(options.ports)
        self.imap = int(self.server["IMAP_PORT"])
        self.log = os.path.join(folder, "log")
        os.environ["BENCH_PASSWORD"] = self.server["PASSWORD"]
        self.given = {}  # by user: what was appended

    def fresh(self, kind):
        """A new folder each time, and none is removed before the end: ext4 is slow to use what was just freed."""
        return tempfile.mkdtemp(prefix=kind.replace(", ", "-").replace(" ", "-") + "-", dir=self.folder)

    # --- one run

    def pipeline(self, home, port, user, filters, sinks):
        path = os.path.join(home, "bench.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(
                "version: 1\nname: bench\nsource:\n  type: imap\n  with:\n"
                f"    host: localhost\n    port: {port}\n    tls: none\n"
                f"    user: {user}\n    password: {{ $env: BENCH_PASSWORD }}\n{filters}"
                "sinks:\n" + "".join(f"  - type: {sink}\n    with: {{ path: {home}/{SINKS[sink]} }}\n" for sink in sinks))
        return path

    def mailpipe(self, home, port, user, before=(), filters="", sinks=("maildir",)):
        report = os.path.join(home, "report.json")
        result = timed([*before, self.options.mailpipe, "run", self.pipeline(home, port, user, filters, sinks), "--state",
                        os.path.join(home, "state"), "--report", report, "--progress", "never"], self.log)
        with open(report, encoding="utf-8") as file:
            told = json.load(file)
        return {**result, "stored": told["counts"]["stored"]}

    def mbsync(self, home, port, user, before=(), fsync="yes"):
        os.makedirs(os.path.join(home, "mail"), exist_ok=True)
        path = os.path.join(home, "mbsyncrc")
        with open(path, "w", encoding="utf-8") as file:
            file.write(
                f"FSync {fsync}\n\nIMAPAccount bench\nHost localhost\nPort {port}\nUser {user}\n"
                f"Pass {self.server['PASSWORD']}\nSSLType None\nAuthMechs LOGIN\n\nIMAPStore far\nAccount bench\n\n"
                f"MaildirStore near\nPath {home}/mail/\nInbox {home}/mail/INBOX\nSubFolders Verbatim\n\n"
                "Channel bench\nFar :far:\nNear :near:\nPatterns *\nSync Pull\nCreate Near\nSyncState *\n")
        return timed([*before, "mbsync", "-q", "-c", path, "-a"], self.log)

    def run_of(self, kind, home, line, user, before=()):
        os.sync()  # what others have written is not ours to wait for
        port = line.port if line else self.imap
        at_first = line.traffic() if line else {}
        if kind.startswith("mailpipe"):
            result = self.mailpipe(home, port, user, before, sinks=KINDS[kind])
        else:
            result = self.mbsync(home, port, user, before, "no" if kind.endswith("no") else "yes")
        if line:
            result.update({name: value - at_first[name] for name, value in line.traffic().items()})
        return result

    def check(self, kind, home, user):
        if "mbox" in KINDS.get(kind, ()):
            for mailbox, expected in self.given[user].items():
                if mbox_digests(os.path.join(home, SINKS["mbox"], mailbox)) != expected:
                    raise SystemExit(f"{kind}: the mbox of {mailbox} is not what the server was given")
        if kind.startswith("mailpipe") and "maildir" not in KINDS[kind]:
            return
        for mailbox, expected in self.given[user].items():
            folder = os.path.join(home, "mail", mailbox)
            if digests(folder, kind.startswith("mbsync")) != expected:
                raise SystemExit(f"{kind}: {folder} is not what the server was given")

    # --- the parts

    def fill(self, user, mailboxes):
        filler = Filler(self.imap, user, self.server["PASSWORD"])
        for mailbox, messages in mailboxes:
            if mailbox != "INBOX":
                filler.create(mailbox)
            filler.append(mailbox, messages)
        filler.close()
        self.given[user] = {mailbox: counts for mailbox, counts in filler.digests.items()}
        return filler.octets

    def rounds(self, user, kinds, line, again):
        """Medians of each kind, of its second run too if `again`; and of the ratios of a round."""
        rounds = []
        for number in range(self.options.runs):
            latest = {}
            for kind in kinds[number % len(kinds):] + kinds[:number % len(kinds)]:
                home = self.fresh(kind)
                latest[kind] = self.run_of(kind, home, line, user)
                if again:
                    latest[kind + " again"] = self.run_of(kind, home, line, user)
                self.check(kind, home, user)
            rounds.append(latest)
            say(f"  round {number + 1}: " + ", ".join(f"{kind} {run['seconds']:.2f} s" for kind, run in latest.items()))
        return {"medians": {kind: median_of([r[kind] for r in rounds]) for kind in rounds[0]}, "rounds": rounds}

    def counters(self, user, line, kinds, again):
        """System calls and syncs, in runs of their own."""
        if not shutil.which("strace"):
            return {}
        out = {}
        for kind in kinds:
            home = self.fresh(kind)
            for name in [kind, kind + " again"] if again else [kind]:
                out[name] = counted(self.folder, lambda before, kind=kind, home=home: self.run_of(
                    kind, home, line, user, before))
        return out

    def one_folder(self):
        say(f"one folder of {self.options.messages} messages")
        octets = self.fill("one", [("INBOX", (message(1, n) for n in range(self.options.messages)))])
        out = self.rounds("one", [*KINDS, "mbsync", "mbsync, FSync no"], None, False)
        # mbsync's calls do not depend on the number of messages, and under strace it takes very long.
        few = min(self.options.messages, 1000)
        self.fill("few", [("INBOX", (message(1, n) for n in range(few)))])
        counters = {"mailpipe": (self.options.messages, self.counters("one", None, ["mailpipe"], False)),
                    "mbsync": (few, self.counters("few", None, ["mbsync"], False))}
        per_message = {kind: {"calls": told[kind]["calls"] / number, "syncs": told[kind]["syncs"] / number,
                              "most": {name: count / number for name, count in told[kind]["most"].items()}}
                       for kind, (number, told) in counters.items() if told}
        return {**out, "messages": self.options.messages, "octets": octets, "per_message": per_message}

    def many_folders(self):
        options = self.options
        say(f"{options.folders} folders of 5, {options.delay:g} ms each way")
        names = ["INBOX"] + [f"Folder {number:03}" for number in range(1, options.folders)]
        self.fill("many", [(name, [message(name, n) for n in range(5)]) for name in names])
        line = Proxy(self.imap, options.delay)
        kinds = ["mailpipe", "mbsync"]
        out = self.rounds("many", kinds, line, True)
        out = {**out, "folders": options.folders, "delay_ms": options.delay,
               "counters": self.counters("many", line, kinds[:1], True)}
        line.close()
        return out

    def known(self):
        """Nothing new with so many known messages. A model of a server lists them, and a filter wants none of them."""
        filters = "filters:\n  - type: window\n    with: { until: 2000-01-01 }\n"
        out = {}
        homes = {}
        for number in (self.options.known // 10, self.options.known):
            say(f"{number} known messages")
            model = subprocess.Popen([self.options.model, str(number)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                     text=True)
            line = Proxy(int(model.stdout.readline()), 0)
            homes[number] = (self.fresh(f"known-{number}"), model, line)
            first = self.mailpipe(homes[number][0], line.port, "ann", filters=filters)
            out[number] = {"first": {**first, **line.traffic()}, "again": []}
        for _ in range(max(self.options.runs, 5)):
            for number, (home, _, line) in homes.items():
                at_first = line.traffic()
                result = self.mailpipe(home, line.port, "ann", filters=filters)
                result.update({name: value - at_first[name] for name, value in line.traffic().items()})
                out[number]["again"].append(result)
        for number, (home, model, line) in homes.items():
            line.close()
            model.stdin.close()
            model.wait()
            out[number]["median"] = median_of(out[number]["again"])
            out[number]["ledger_octets"] = sum(e.stat().st_size for e in os.scandir(os.path.join(home, "state"))
                                               if e.is_file())
        return out

    def one_large(self):
        say(f"a message of {self.options.large} octets")
        self.fill("large", [("INBOX", [message(2, 0, self.options.large)])])
        home = self.fresh("large")
        result = self.mailpipe(home, self.imap, "large")
        self.check("mailpipe", home, "large")
        return {"octets": self.options.large, **result}

    def run(self):
        out = {}
        if self.options.messages:
            out["one"] = self.one_folder()
        if self.options.folders:
            out["many"] = self.many_folders()
        if self.options.large:
            out["large"] = self.one_large()
        if self.options.known:
            out["known"] = self.known()
        return out


def ratio(part, fast, slow):
    """Of each round, since what disturbs one round mostly disturbs both."""
    each = [r[slow]["seconds"] / r[fast]["seconds"] for r in part["rounds"]]
    return f"{statistics.median(each):.1f} times as fast as {slow} ({min(each):.1f} to {max(each):.1f})"


def times(part, slow, fast):
    each = [r[slow]["seconds"] / r[fast]["seconds"] for r in part["rounds"]]
    return f"{statistics.median(each):.2f} times ({min(each):.2f} to {max(each):.2f})"


def ROW(name, *cells):
    return f"{name:<34}" + "".join(f"{cell:>19}" for cell in cells)


def table_of_one(part):
    runs, messages = part["medians"], part["messages"]
    kinds = list(runs)
    print(f"one folder, {messages} messages, {mib(part['octets'])}, loopback; medians of {len(part['rounds'])} rounds\n")
    print(ROW("", *kinds))
    print(ROW("  seconds", *(f"{runs[kind]['seconds']:.2f}" for kind in kinds)))
    print(ROW("  messages/s", *(f"{messages / runs[kind]['seconds']:.0f}" for kind in kinds)))
    print(ROW("  CPU seconds of the client", *(f"{runs[kind]['cpu']:.2f}" for kind in kinds)))
    print(ROW("  peak memory", *(mib(runs[kind]["peak"]) for kind in kinds)))
    told = [part["per_message"].get(kind) for kind in kinds]
    print(ROW("  system calls per message", *(f"{each['calls']:.1f}" if each else "" for each in told)))
    print(ROW("  syncs per message", *(f"{each['syncs']:.4f}" if each else "" for each in told)))
    for kind in kinds[3:]:
        print(f"  mailpipe is {ratio(part, kinds[0], kind)}")
    print(f"  into one mbox it is {ratio(part, 'mailpipe, mbox', 'mbsync')}")
    print(f"  three sinks take {times(part, 'mailpipe, 3 sinks', 'mailpipe')} as long as one")
    if told[0]:
        print("  most frequent calls: " + ", ".join(f"{name} {n:.2f}" for name, n in list(told[0]["most"].items())[:8]))
    print()


def table_of_many(part):
    runs = part["medians"]
    print(f"{part['folders']} folders of 5 messages, {part['delay_ms']:g} ms each way\n")
    print(ROW("", "mailpipe", "mbsync", ""))
    for name, suffix in (("first run", ""), ("nothing new", " again")):
        pair = [runs["mailpipe" + suffix], runs["mbsync" + suffix]]
        print(ROW(f"  {name}: seconds", *(f"{run['seconds']:.2f}" for run in pair), ""))
        print(ROW("    connections", *(f"{run['connections']:.0f}" for run in pair), ""))
        print(ROW("    round trips", *(f"{run['round_trips']:.0f}" for run in pair), ""))
        print(ROW("    octets sent", *(f"{run['octets_in']:.0f}" for run in pair), ""))
        print(ROW("    octets received", *(f"{run['octets_out']:.0f}" for run in pair), ""))
        print(ROW("    peak memory", *(mib(run["peak"]) for run in pair), ""))
        counters = part["counters"].get("mailpipe" + suffix)
        if counters:
            print(ROW("    system calls, syncs", f"{counters['calls']}, {counters['syncs']}", "", ""))
        print(f"    mailpipe is {ratio(part, 'mailpipe' + suffix, 'mbsync' + suffix)}")
    print()


def table_of_known(part):
    print("nothing new, by known messages\n")
    numbers = list(part)
    pair = [part[number]["median"] for number in numbers]
    print(ROW("", *map(str, numbers), ""))
    print(ROW("  seconds", *(f"{run['seconds']:.3f}" for run in pair), ""))
    for name in ("octets_in", "octets_out", "round_trips"):
        print(ROW(f"  {name.replace('_', ' ')}", *(f"{run[name]:.0f}" for run in pair), ""))
    print(ROW("  peak memory", *(mib(run["peak"]) for run in pair), ""))
    print(ROW("  listing them: seconds", *(f"{part[number]['first']['seconds']:.1f}" for number in numbers), ""))
    print(ROW("    peak memory", *(mib(part[number]["first"]["peak"]) for number in numbers), ""))
    print(ROW("  ledger", *(mib(part[number]["ledger_octets"]) for number in numbers), ""))
    print()


def table(out):
    if "one" in out:
        table_of_one(out["one"])
    if "many" in out:
        table_of_many(out["many"])
    if "known" in out:
        table_of_known(out["known"])
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
