"""A cheap SMTP sink: `python -m bench.sink` prints its port, takes messages until SIGTERM, and prints what it counted as JSON.

smtp-sink spends 210 to 300 us on a message; this one some 30, so that what is measured is the sender. It answers pipelined
commands with one write, looks for the final dot only, and keeps nothing but counts: messages, distinct recipients, octets.
"""

import json
import selectors
import signal
import socket
import sys
from types import FrameType

_END = b"\r\n.\r\n"
_GREETING = b"220 sink\r\n"
_EHLO = b"250-sink\r\n250-8BITMIME\r\n250 PIPELINING\r\n"


class _Peer:
    def __init__(self, channel: socket.socket) -> None:
        self.channel = channel
        self.rest = b""
        self.inside = False


class Sink:
    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.listener.setblocking(False)
        self.selector = selectors.EpollSelector()
        self.selector.register(self.listener, selectors.EVENT_READ)
        self.messages = self.octets = 0
        self.recipients: set[bytes] = set()
        self.running = True
        self.buffer = memoryview(bytearray(1 << 20))

    def stop(self, number: int, frame: FrameType | None) -> None:
        self.running = False

    def serve(self) -> None:
        while self.running:
            for key, _ in self.selector.select(0.2):
                if key.data is None:
                    channel, _ = self.listener.accept()
                    channel.setblocking(False)
                    channel.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    channel.send(_GREETING)
                    self.selector.register(channel, selectors.EVENT_READ, _Peer(channel))
                else:
                    self.take(key.data)

    def take(self, peer: _Peer) -> None:
        try:
            size = peer.channel.recv_into(self.buffer)
        except OSError:
            size = 0
        if not size:
            self.selector.unregister(peer.channel)
            peer.channel.close()
            return
        self.octets += size
        octets = peer.rest + bytes(self.buffer[:size])
        answers = []
        at = 0
        while True:
            if peer.inside:
                end = octets.find(_END, at)
                if end < 0:
                    peer.rest = octets[max(at, len(octets) - 4) :]
                    break
                at, peer.inside = end + len(_END), False
                self.messages += 1
                answers.append(b"250 2.0.0 taken\r\n")
                continue
            end = octets.find(b"\n", at)
            if end < 0:
                peer.rest = octets[at:]
                break
            line, at = octets[at:end], end + 1
            verb = line[:4].upper()
            if verb == b"DATA":
                peer.inside = True
                answers.append(b"354 go on\r\n")
            elif verb in {b"EHLO", b"HELO"}:
                answers.append(_EHLO)
            elif verb == b"QUIT":
                answers.append(b"221 bye\r\n")
            else:
                if verb == b"RCPT":
                    self.recipients.add(line)
                answers.append(b"250 2.0.0 ok\r\n")
        if answers:
            try:
                peer.channel.sendall(b"".join(answers))
            except OSError:
                self.selector.unregister(peer.channel)
                peer.channel.close()


def main() -> None:
    sink = Sink()
    signal.signal(signal.SIGTERM, sink.stop)
    print(sink.listener.getsockname()[1], flush=True)
    sink.serve()
    json.dump({"messages": sink.messages, "recipients": len(sink.recipients), "octets": sink.octets}, sys.stdout)
    print(flush=True)


if __name__ == "__main__":
    main()
