#!/usr/bin/env python3
"""Sends bytes that are no HTTP, or half of it, to a port: hostile_lines.py PORT COUNT SEED.

Prints as JSON how often each connection ended how: with which status, "reset", "open" (nothing within five seconds), or
"unfinished" (closed without an answer, after bytes of which no request can be made out yet).
"""
import collections
import json
import random
import socket
import sys

port, count, seed = (int(word) for word in sys.argv[1:4])
chance = random.Random(seed)
STARTS = [
    b"GET / HTTP/1.1\r\n", b"GET  HTTP/9.9\r\n", b"POST /api/goals HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
    b"POST /api/goals HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n", b"\x16\x03\x01\x02\x00\x01\x00", b"\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: " + b"y" * 100_000 + b"\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", b"POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\nx",
    "GET /api/é HTTP/1.1\r\n\r\n".encode(),
]

ends = collections.Counter()
for _ in range(count):
    data = chance.choice(STARTS) + chance.randbytes(chance.randrange(0, 400))
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        try:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            answer = connection.recv(65_536)
            ends[answer.split(b"\r\n")[0][9:12].decode("latin-1") if answer else "unfinished"] += 1
        except socket.timeout:
            ends["open"] += 1
        except OSError:
            ends["reset"] += 1
print(json.dumps(ends, sort_keys=True))
