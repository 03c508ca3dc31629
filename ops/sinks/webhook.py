#!/usr/bin/env python3
"""A sink for webhooks and Slack-shaped posts: keeps every request as a line of JSON, answers as it is told.

Usage: webhook.py --port PORT (0: any free one) --file FILE; prints "port N" when it listens
POST /…            is kept; the answer is 200 "ok", or what /answer set; under /slack/ and /bot…/ it is that of Slack's
                   and Telegram's APIs
PUT  /answer       {"status": 429, "headers": {"Retry-After": "2"}, "delay": 0, "body": "…"}: how to answer from now on
GET  /             everything kept so far, a JSON array
"""
import argparse
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from chat import Chat


def handler(path_of_log):
    lock = threading.Lock()
    kept = []
    answer = {"status": 200, "headers": {}, "delay": 0, "body": None}
    chat = Chat()

    class Sink(BaseHTTPRequestHandler):
        def body(self):
            return self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode("utf-8", "replace")

        def reply(self, status, text, headers=None):
            data = text.encode()
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def do_POST(self):
            record = {"at": time.time(), "path": self.path, "headers": dict(self.headers), "body": self.body()}
            with lock:
                kept.append(record)
                with open(path_of_log, "a", encoding="utf-8") as log:
                    log.write(json.dumps(record) + "\n")
                status, headers, delay, text = (answer[key] for key in ("status", "headers", "delay", "body"))
                if status == 200 and text is None and (said := chat.reply(self.path, self.headers, record["body"])):
                    status, text = said[0], json.dumps(said[1])
            time.sleep(delay)
            self.reply(status, text or ("ok" if status == 200 else "no"), headers)

        def do_PUT(self):
            with lock:
                answer.update(json.loads(self.body()))
            self.reply(200, "ok")

        def do_GET(self):
            with lock:
                text = json.dumps(kept)
            self.reply(200, text)

        def log_message(self, *_):
            pass

    return Sink


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--port", type=int, required=True)
    options.add_argument("--file", required=True)
    chosen = options.parse_args()
    server = ThreadingHTTPServer(("127.0.0.1", chosen.port), handler(chosen.file))
    print("port", server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
