"""The log that ops/lib/supervise keeps: bounded, and whole whatever is killed."""
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

LIB = pathlib.Path(__file__).resolve().parents[2] / "ops" / "lib"


def wait_for(condition, what, limit=20):
    end = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.01)


def pid_of(file):
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return None


class SuperviseTests(unittest.TestCase):
    def setUp(self):
        self.place = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self.place.name)

    def tearDown(self):
        self.place.cleanup()

    def supervise(self, code, **settings):
        environment = os.environ | {f"PLIMSOLL_OPS_{name}": str(value) for name, value in settings.items()}
        return subprocess.Popen(
            [LIB / "supervise", self.folder, "talker", sys.executable, "-u", "-c", code, str(self.folder)], env=environment,
            start_new_session=True)

    def lines(self):
        logs = sorted((self.folder / "log").glob("talker.log*"), key=lambda log: log.name, reverse=True)
        return [line for log in logs for line in log.read_text().splitlines()]

    def log_sizes(self):
        return [log.stat().st_size for log in (self.folder / "log").iterdir()]

    def keeper(self, supervisor):
        found = subprocess.run(
            ["pgrep", "-P", str(supervisor.pid), "-f", "keep-log"], capture_output=True, text=True, check=False)
        return int(found.stdout.split()[0]) if found.stdout else None

    def test_no_line_is_lost_when_files_change_or_the_keeper_is_killed(self):
        talk = (
            "import sys, time, pathlib\n"
            "go = pathlib.Path(sys.argv[1], 'go')\n"
            "for number in range(20000):\n"
            "    print('line', number)\n"
            "    while number == 9999 and not go.exists(): time.sleep(0.01)\n"
            "pathlib.Path(sys.argv[1], 'done').touch()\n"
            "time.sleep(600)\n")
        supervisor = self.supervise(talk, LOG_BYTES=40000, LOG_FILES=9)
        wait_for(lambda: (self.folder / "log").exists() and "line 9999" in self.lines()[-1:], "half is kept")
        os.kill(self.keeper(supervisor), signal.SIGKILL)
        (self.folder / "go").touch()
        wait_for(lambda: (self.folder / "done").exists(), "somebody reads on")
        supervisor.terminate()
        supervisor.wait(20)
        told = [int(line.split()[1]) for line in self.lines() if line.startswith("line ")]
        self.assertEqual(told, list(range(20000)))
        # A line that is begun is ended in the same file.
        self.assertLess(max(self.log_sizes()), 40000 + len("line 19999\n"))
        self.assertIn("talker ended with 143", self.lines()[-1])

    def test_old_files_go_and_the_newest_lines_stay(self):
        talk = (
            "import sys, time, pathlib\n"
            "for number in range(5000): print('line', number)\n"
            "pathlib.Path(sys.argv[1], 'done').touch()\n"
            "time.sleep(600)\n")
        supervisor = self.supervise(talk, LOG_BYTES=10000, LOG_FILES=3)
        wait_for(lambda: (self.folder / "done").exists(), "the program talks")
        supervisor.terminate()
        supervisor.wait(20)
        told = [int(line.split()[1]) for line in self.lines() if line.startswith("line ")]
        self.assertEqual(told, list(range(told[0], 5000)))
        self.assertEqual(len(self.log_sizes()), 3)
        self.assertLess(max(self.log_sizes()), 10000 + len("line 4999\n"))

    def test_what_a_killed_program_said_is_kept_and_it_is_started_again(self):
        talk = "import time; print('hello'); time.sleep(600)"
        supervisor = self.supervise(talk)
        child = self.folder / "run" / "talker.child"
        wait_for(lambda: (self.folder / "log").exists() and "hello" in self.lines(), "it says hello")
        first = pid_of(child)
        os.kill(first, signal.SIGKILL)
        wait_for(lambda: self.lines().count("hello") == 2 and pid_of(child) not in (None, first), "it says hello again")
        self.assertIn("talker ended with 137 after", "\n".join(self.lines()))
        supervisor.terminate()
        supervisor.wait(20)
        self.assertFalse(child.exists())


if __name__ == "__main__":
    unittest.main()
