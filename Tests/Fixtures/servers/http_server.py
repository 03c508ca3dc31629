#!/usr/bin/env python3
"""An HTTP server that misbehaves by path. Prints "port N" and serves until it is killed. With --tls CERT KEY it speaks TLS."""
import json
import socket
import ssl
import sys
import threading
import time

counts = {}
lock = threading.Lock()


def read_request(stream):
    line = stream.readline().decode()
    if not line.strip():
        return None
    method, target, _ = line.split(" ", 2)
    headers = {}
    while True:
        header = stream.readline().decode().rstrip("\r\n")
        if not header:
            break
        name, value = header.split(":", 1)
        headers[name.lower()] = value.strip()
    body = stream.read(int(headers.get("content-length", 0)))
    with lock:
        counts[target] = counts.get(target, 0) + 1
    return method, target, headers, body


def reply(connection, status, body=b"", headers=()):
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", *headers, "", ""]
    connection.sendall("\r\n".join(lines).encode() + body)


def answer(connection, number, method, target, headers, body):
    """False: the connection is to be closed."""
    if target == "/hang":
        time.sleep(3600)
    elif target == "/drop":
        return False
    elif target == "/second-drops" and number > 1:
        return False
    elif target == "/partial":
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nten bytes.")
        return False
    elif target == "/garbage":
        connection.sendall(b"\x00\x01\x02 this is not HTTP\r\n\r\n")
        return False
    elif target.startswith("/big/"):
        reply(connection, 200, b"x" * int(target[5:]))
    elif target == "/redirect":
        reply(connection, 302, b"", ["Location: /ok"])
    elif target == "/interim":
        connection.sendall(b"HTTP/1.1 103 Early Hints\r\nX-Early: yes\r\n\r\n")
        reply(connection, 200, b"late", ["X-Late: yes", "X-Empty:"])
    elif target.startswith("/status/"):
        reply(connection, int(target[8:]), b"no", ["Retry-After: 7"])
    elif target == "/counts":
        reply(connection, 200, json.dumps(counts).encode())
    else:
        told = {"method": method, "target": target, "headers": headers, "body": body.decode(), "number": number}
        reply(connection, 200, b"" if method == "HEAD" else json.dumps(told).encode())
    return True


def serve(connection, context):
    try:
        if context:
            connection = context.wrap_socket(connection, server_side=True)
        stream = connection.makefile("rb")
        number = 0
        while True:
            request = read_request(stream)
            number += 1
            if request is None or not answer(connection, number, *request):
                return
    except (OSError, ValueError):
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
