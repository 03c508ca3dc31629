#!/usr/bin/env python3
"""An SMTP server that offers no STARTTLS. Prints "port N"."""
import socket
import threading

from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink

with socket.create_server(("127.0.0.1", 0)) as probe:
    free_port = probe.getsockname()[1]
controller = Controller(Sink(), hostname="127.0.0.1", port=free_port)
controller.start()
print("port", free_port, flush=True)
threading.Event().wait()
