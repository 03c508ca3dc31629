#!/usr/bin/env python3
"""An SMTP server that keeps every mail: STARTTLS demanded, then AUTH demanded. Needs Debian's python3-aiosmtpd.

Usage: smtp.py --port PORT (0: any free one) --file FILE --cert PEM --key PEM --user USER --password-file FILE
Every accepted mail is a line of JSON in FILE: {"at", "from", "to", "user", "raw"}. Prints "port N" when it listens.
A receiver address that begins with "later-" is refused with 451, one that begins with "never-" with 550.
"""
import argparse
import json
import socket
import ssl
import threading
import time

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword


class Keeper:
    def __init__(self, path):
        self.path = path

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("later-"):
            return "451 try later"
        if address.startswith("never-"):
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        record = {
            "at": time.time(), "from": envelope.mail_from, "to": envelope.rcpt_tos,
            "user": str(session.auth_data.login, "utf-8") if session.auth_data else "",
            "raw": envelope.content.decode("utf-8", "surrogateescape"),
        }
        with open(self.path, "a", encoding="utf-8", errors="surrogateescape") as log:
            log.write(json.dumps(record) + "\n")
        return "250 kept"


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--port", type=int, required=True)
    options.add_argument("--host", default="127.0.0.1")
    options.add_argument("--file", required=True)
    options.add_argument("--cert", required=True)
    options.add_argument("--key", required=True)
    options.add_argument("--user", required=True)
    options.add_argument("--password-file", required=True)
    chosen = options.parse_args()
    with open(chosen.password_file, encoding="utf-8") as file:
        password = file.read().strip()

    def authenticate(server, session, envelope, mechanism, data):
        good = (
            isinstance(data, LoginPassword)
            and data.login == chosen.user.encode()
            and data.password == password.encode()
        )
        return AuthResult(success=good, handled=good, auth_data=data if good else None)

    port = chosen.port
    if port == 0:
        with socket.create_server((chosen.host, 0)) as probe:
            port = probe.getsockname()[1]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chosen.cert, chosen.key)
    controller = Controller(
        Keeper(chosen.file), hostname=chosen.host, port=port, tls_context=context, require_starttls=True,
        auth_required=True, authenticator=authenticate,
    )
    controller.start()
    print("port", port, flush=True)
    threading.Event().wait()


main()
