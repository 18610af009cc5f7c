"""delay_proxy.py PORT DELAY_MS: forwards 127.0.0.1:<a free port> to 127.0.0.1:PORT, DELAY_MS late in each direction.

For any protocol over TCP. The first line of output is the port; a line "traffic" on standard input is answered with four
numbers: the connections so far, the octets from the clients, those to them, and the turns (how often a client spoke after
the server had: round trips). Any other line is answered with the number of connections, and the end of input ends it. What is sent keeps its order and is never merged or throttled: a long line, not a thin
one. The TCP handshake is with the proxy and not delayed, which is kind to a client that makes many connections.
"""

import asyncio
import sys

MOST_UNDER_WAY = 16 << 20  # octets of one direction; past it the sender is not read from


class Direction:
    def __init__(self, reader, writer, delay, heard):
        self.reader, self.writer, self.delay, self.heard = reader, writer, delay, heard
        self.loop = asyncio.get_running_loop()
        self.pieces = asyncio.Queue()
        self.octets = 0
        self.room = asyncio.Event()

    async def receive(self):
        try:
            while data := await self.reader.read(1 << 18):
                self.heard(len(data))
                self.pieces.put_nowait((self.loop.time() + self.delay, data))
                self.octets += len(data)
                while self.octets > MOST_UNDER_WAY:
                    self.room.clear()
                    await self.room.wait()
        except OSError:
            pass
        self.pieces.put_nowait((self.loop.time() + self.delay, None))

    async def send(self):
        try:
            while True:
                due, data = await self.pieces.get()
                wait = due - self.loop.time()
                if wait > 0:
                    await asyncio.sleep(wait)
                if data is None:
                    self.writer.write_eof()
                    return
                self.writer.write(data)
                await self.writer.drain()
                self.octets -= len(data)
                self.room.set()
        except OSError:
            self.writer.transport.abort()


class Proxy:
    def __init__(self, port, delay):
        self.port, self.delay = port, delay
        self.connections = self.octets_in = self.octets_out = self.turns = 0

    def listeners(self):
        server_spoke = True

        def from_client(octets):
            nonlocal server_spoke
            self.octets_in += octets
            self.turns += server_spoke
            server_spoke = False

        def from_server(octets):
            nonlocal server_spoke
            self.octets_out += octets
            server_spoke = True

        return from_client, from_server

    async def serve(self, reader, writer):
        self.connections += 1
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            writer.transport.abort()
            return
        from_client, from_server = self.listeners()
        there = Direction(reader, far_writer, self.delay, from_client)
        back = Direction(far_reader, writer, self.delay, from_server)
        try:
            await asyncio.gather(*(task() for way in (there, back) for task in (way.receive, way.send)))
        except asyncio.CancelledError:
            return  # the proxy ends; Python 3.11 would print a traceback
        far_writer.close()
        writer.close()


async def main():
    proxy = Proxy(int(sys.argv[1]), float(sys.argv[2]) / 1000)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        if line.strip() == "traffic":
            print(proxy.connections, proxy.octets_in, proxy.octets_out, proxy.turns, flush=True)
        else:
            print(proxy.connections, flush=True)


asyncio.run(main())
