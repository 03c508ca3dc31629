"""ops/run: what is missing is named before anything starts, a failure leaves nothing behind, and Ctrl-C stops everything."""
import os
import pathlib
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SERVICE = """#!/usr/bin/python3
import http.server, os, sys
class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
    def log_message(self, *_): pass
http.server.HTTPServer(("127.0.0.1", int(os.environ["PLIMSOLL_STRATEGY_PORT"])), Ready).serve_forever()
"""


def program(file, text):
    file.write_text(text)
    file.chmod(file.stat().st_mode | stat.S_IXUSR)


class RunTests(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="plimsoll-run-"))
        self.folder.chmod(0o755)
        self.var = self.folder / "var"
        self.programs = self.folder / "programs"
        self.programs.mkdir()
        program(self.programs / "plimsoll", "#!/bin/sh\nexit 0\n")
        program(self.programs / "strategy", SERVICE)
        self.running = None

    def tearDown(self):
        if self.running and self.running.poll() is None:
            self.running.kill()
        subprocess.run([ROOT / "ops/stop"], env=self.environment(), capture_output=True, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def environment(self, **more):
        return os.environ | {
            "PLIMSOLL_VAR": str(self.var), "PORTS": "free", "PROGRAMS": str(self.programs),
            "PLIMSOLL_OPS_SERVICES": "strategy"} | more

    def start(self, **more):
        self.running = subprocess.Popen(
            [ROOT / "ops/run"], env=self.environment(**more), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            start_new_session=True,
            # Whoever runs these tests in the background ignores Ctrl-C, and a shell cannot take that back.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
        return self.running

    def left(self):
        """Processes that have this run's folder in their command line, and Redis, which has its port there."""
        patterns = [str(self.var)]
        if (self.var / "servers/ports").exists():
            ports = dict(line.split("=") for line in (self.var / "servers/ports").read_text().split())
            patterns.append(f"redis-server.*:{ports['PORT_REDIS']}")
        found = subprocess.run(["pgrep", "-af", "|".join(patterns)], capture_output=True, text=True, check=False)
        return found.stdout

    def test_a_missing_program_is_named_with_its_package(self):
        place = self.folder / "bin"
        place.mkdir()
        for file in pathlib.Path("/usr/bin").iterdir():
            if file.name != "sudo":
                (place / file.name).symlink_to(file)
        # Who is not root and has no sudo is told what to install.
        (place / "id").unlink()
        program(place / "id", "#!/bin/sh\necho 1000\n")
        (place / "redis-server").unlink()
        run = self.start(PATH=str(place))
        _, errors = run.communicate(timeout=60)
        self.assertEqual(run.returncode, 1, errors)
        self.assertRegex(errors, r"these Debian packages are missing: .*redis-server.* install them as root: apt-get install")
        self.assertEqual(self.left(), "")

    def test_a_port_that_is_taken_is_named(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            self.var.mkdir()
            names = "postgres pgbouncer redis prometheus grafana mail strategy".split()
            (self.var / "ports").write_text("".join(f"{name} {port}\n" for name in names))
            run = self.start()
            _, errors = run.communicate(timeout=60)
        self.assertEqual(run.returncode, 1, errors)
        self.assertRegex(errors, rf"port {port} \(\w+\) is taken by another program")
        self.assertEqual(self.left(), "")

    def test_a_service_that_gives_up_is_named_and_nothing_is_left(self):
        program(self.programs / "strategy", "#!/bin/sh\necho 'strategy.instances is missing'\nexit 78\n")
        run = self.start()
        _, errors = run.communicate(timeout=120)
        self.assertEqual(run.returncode, 1, errors)
        self.assertIn("strategy gave up, see", errors)
        self.assertIn("strategy.instances is missing", errors)
        self.assertEqual(self.left(), "")

    def test_ctrl_c_stops_everything(self):
        run = self.start()
        lines = []
        while not lines or "Ctrl-C stops all of it" not in lines[-1]:
            lines.append(run.stdout.readline())
            self.assertTrue(lines[-1], f"it ended: {''.join(lines)}{run.stderr.read() if run.poll() is not None else ''}")
        for name in ["postgres", "pgbouncer", "redis-server", "prometheus"]:
            self.assertIn(name, self.left())
        os.killpg(run.pid, signal.SIGINT)
        output, errors = run.communicate(timeout=60)
        self.assertEqual(run.returncode, 0, output + errors)
        end = time.monotonic() + 5
        while self.left() and time.monotonic() < end:
            time.sleep(0.05)
        self.assertEqual(self.left(), "")


if __name__ == "__main__":
    unittest.main()
