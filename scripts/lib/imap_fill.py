"""imap_fill.py: fills mailboxes of a test server by APPEND, many commands at once. The same seed gives the same octets."""

import hashlib
import math
import random
import socket

MEDIAN = 5000
SIGMA = 1.15  # 20,000 messages are then about 196 MB
WORDS = "mail pipe folder answer project minutes Grüße report invoice draft window ledger cursor quiet river".split()


def text_of(chance, octets):
    block = (" ".join(chance.choices(WORDS, k=11))[:74] + "\r\n" for _ in range(20))
    block = "".join(block).encode("utf-8")
    return (block * (octets // len(block) + 1))[:max(octets - 2, 0)].replace(b"\r", b"").replace(
        b"\n", b"\r\n") + b"\r\n"


def message(seed, number, octets=None):
    chance = random.Random(f"{seed}/{number}")
    octets = octets or int(math.exp(chance.gauss(math.log(MEDIAN), SIGMA)))
    head = (f"From: Person {number % 97} <person{number % 97}@example.org>\r\nTo: ann@example.org\r\n"
            f"Subject: Message {number} about {chance.choice(WORDS)}\r\n"
            f"Message-ID: <{seed}.{number}@example.org>\r\nDate: Mon, 06 Jan 2025 10:{number // 60 % 60:02}:"
            f"{number % 60:02} +0000\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
            "Content-Transfer-Encoding: 8bit\r\n\r\n").encode("utf-8")
    return head + text_of(chance, max(octets - len(head), 40))


class Filler:
    """One login; many commands are sent before their answers are read."""

    def __init__(self, port, user, password):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.answers = self.socket.makefile("rb")
        self.sent = self.answered = 0
        self.refused = []
        self.octets = 0
        self.digests = {}  # of a mailbox: how often each digest
        self.command(f"LOGIN {user} {password}")
        self.flush()

    def command(self, text, literal=None):
        self.sent += 1
        line = f"f{self.sent} {text}".encode("ascii")
        line += b"" if literal is None else b" {%d+}\r\n" % len(literal) + literal
        self.socket.sendall(line + b"\r\n")

    def flush(self):
        """Waits for the answers to all commands so far."""
        last = f"f{self.sent} ".encode("ascii")
        while self.answered < self.sent and (line := self.answers.readline()):
            if line.startswith(b"f") and line.split(b" ")[1] != b"OK":
                self.refused.append(line.decode("ascii", "replace"))
            if line.startswith(last):
                self.answered = self.sent
        if self.refused:
            raise SystemExit("filling the server: " + self.refused[0])

    def append(self, mailbox, messages):
        counts = self.digests.setdefault(mailbox, {})
        for octets in messages:
            digest = hashlib.sha256(octets).hexdigest()
            counts[digest] = counts.get(digest, 0) + 1
            self.octets += len(octets)
            self.command(f'APPEND "{mailbox}" "{self.sent % 27 + 1:02}-Jan-2025 10:00:00 +0000"', octets)
            if self.sent % 200 == 0:  # their answers fit into any socket buffer
                self.flush()
        self.flush()

    def create(self, mailbox):
        self.command(f'CREATE "{mailbox}"')

    def close(self):
        self.answers.close()
        self.socket.close()
