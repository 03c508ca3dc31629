#!/usr/bin/env python3
"""A WebSocket server written from RFC 6455 that behaves by path. Prints "port N". With --tls CERT KEY it speaks TLS."""
import base64
import hashlib
import socket
import ssl
import struct
import sys
import threading
import time

MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def frame(opcode, data, fin=True, bits=0):
    head = bytes([(0x80 if fin else 0) | bits | opcode])
    if len(data) < 126:
        head += bytes([len(data)])
    elif len(data) < 65536:
        head += bytes([126]) + struct.pack(">H", len(data))
    else:
        head += bytes([127]) + struct.pack(">Q", len(data))
    return head + data


class Peer:
    def __init__(self, connection):
        self.connection = connection
        self.stream = connection.makefile("rb")

    def send(self, *frames):
        self.connection.sendall(b"".join(frames))

    def receive(self):
        """One frame of the client: (opcode, data); None at the end. A client must mask."""
        head = self.stream.read(2)
        if len(head) < 2:
            return None
        length = head[1] & 0x7F
        if not head[1] & 0x80:
            raise ValueError("not masked")
        if length == 126:
            (length,) = struct.unpack(">H", self.stream.read(2))
        elif length == 127:
            (length,) = struct.unpack(">Q", self.stream.read(8))
        mask = self.stream.read(4)
        data = bytes(byte ^ mask[index % 4] for index, byte in enumerate(self.stream.read(length)))
        return head[0] & 0x0F, data


def upgrade(connection):
    """The path, and the answer that is still to be sent."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(4096)
        if not more:
            return None, b""
        data += more
    lines = data.decode().split("\r\n")
    headers = {line.split(":", 1)[0].lower(): line.split(":", 1)[1].strip() for line in lines[1:] if ":" in line}
    accept = base64.b64encode(hashlib.sha1(headers["sec-websocket-key"].encode() + MAGIC).digest()).decode()
    answer = f"HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
    return lines[0].split(" ")[1], answer.encode()


def echo(peer):
    while True:
        got = peer.receive()
        if got is None:
            return
        opcode, data = got
        if opcode == CLOSE:
            peer.send(frame(CLOSE, data))
            return
        if opcode in (TEXT, BINARY):
            peer.send(frame(opcode, data))
        elif opcode == PING:
            peer.send(frame(PONG, data))


def fragments(peer):
    peer.send(frame(TEXT, b"one ", fin=False), frame(PING, b"between"), frame(0, "zwö".encode()[:3], fin=False))
    peer.send(frame(0, "zwö".encode()[3:]))
    got = peer.receive()
    peer.send(frame(TEXT, b"pong " + got[1] if got and got[0] == PONG else b"no pong"))
    echo(peer)


def flood(peer, count):
    """Numbered messages as fast as they are taken; then how far the sender was ahead of the reader is told by time."""
    payload = b"x" * 200
    batch = []
    for number in range(count):
        batch.append(frame(TEXT, b"%08d" % number + payload))
        if len(batch) == 100:
            peer.send(*batch)
            batch = []
    peer.send(*batch, frame(CLOSE, struct.pack(">H", 1000)))
    peer.receive()


BAD = {
    "/bad/masked": b"\x81\x81\x00\x00\x00\x00x",
    "/bad/reserved": frame(TEXT, b"x", bits=0x40),
    "/bad/utf8": frame(TEXT, b"\xff\xfe"),
    "/bad/continuation": frame(0, b"x"),
    "/bad/nested": frame(TEXT, b"x", fin=False) + frame(TEXT, b"y"),
    "/bad/opcode": frame(3, b"x"),
    "/bad/ping": frame(PING, b"x" * 126),
    "/bad/large-frame": frame(TEXT, b"x" * 70000),
    "/bad/large-message": frame(TEXT, b"x" * 40000, fin=False) + frame(0, b"x" * 40000),
    "/bad/close": frame(CLOSE, b"x"),
}


def serve(connection, context):
    try:
        if context:
            connection = context.wrap_socket(connection, server_side=True)
        path, answer = upgrade(connection)
        if path is None:
            return
        peer = Peer(connection)
        if path == "/refuse":
            peer.send(b"HTTP/1.1 429 Too Many\r\nContent-Length: 0\r\n\r\n")
        elif path == "/wrong-key":
            peer.send(answer.replace(b"Accept: ", b"Accept: x"))
            time.sleep(1)
        elif path == "/never":
            time.sleep(3600)
        elif path == "/early":
            peer.send(answer + frame(TEXT, b"early") + frame(PING, b"") + frame(TEXT, b"bird"))
            echo(peer)
        elif path == "/fragments":
            peer.send(answer)
            fragments(peer)
        elif path.startswith("/flood/"):
            peer.send(answer)
            flood(peer, int(path[7:]))
        elif path == "/close":
            peer.send(answer + frame(CLOSE, struct.pack(">H", 1012) + b"restart"))
            peer.receive()
        elif path == "/vanish":
            peer.send(answer + frame(TEXT, b"last words"))
            time.sleep(0.1)
        elif path == "/silent":
            peer.send(answer)
            time.sleep(3600)
        elif path in BAD:
            peer.send(answer + BAD[path])
            while peer.receive() is not None:
                pass
        else:
            peer.send(answer)
            echo(peer)
    except (OSError, ValueError, KeyError):
        pass
    finally:
        try:
            connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        connection.close()


def main():
    context = None
    if len(sys.argv) > 3 and sys.argv[1] == "--tls":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[2], sys.argv[3])
    listener = socket.create_server(("127.0.0.1", 0))
    print("port", listener.getsockname()[1], flush=True)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(connection, context), daemon=True).start()


main()
