#!/usr/bin/env python3
"""The mail catcher of a run without Docker: STARTTLS and AUTH, every mail a line of FOLDER/mail.jsonl.

Usage: mail.py --port PORT --folder FOLDER [--password-file FILE]
Makes FOLDER/certificate.pem at the first start; it is its own authority. The user is "plimsoll".
"""
import argparse
import os
import subprocess
import sys


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--port", required=True)
    options.add_argument("--folder", required=True)
    options.add_argument("--password-file")
    chosen = options.parse_args()
    folder = os.path.abspath(chosen.folder)
    os.makedirs(folder, exist_ok=True)
    certificate, key = os.path.join(folder, "certificate.pem"), os.path.join(folder, "key.pem")
    if not os.path.exists(certificate):
        draft = certificate + ".new"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
             "-days", "3650", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
             "-keyout", key, "-out", draft], check=True, capture_output=True)
        os.rename(draft, certificate)
    password = chosen.password_file or os.path.join(os.path.dirname(folder), "secrets", "smtp-password")
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "smtp.py")
    os.execv(sys.executable, [
        sys.executable, script, "--port", chosen.port, "--file", os.path.join(folder, "mail.jsonl"),
        "--cert", certificate, "--key", key, "--user", "plimsoll", "--password-file", password,
    ])


main()
