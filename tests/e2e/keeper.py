# SPDX-License-Identifier: Apache-2.0
"""Drives the host program: its console through pipes or a terminal, `get`, `console`.

Its output is recorded under $TK_E2E_DIR, and so is every secret; leaks.py searches the output for
the secrets.
"""

from __future__ import annotations

import atexit
import json
import os
import pty
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import tty
import unittest
import urllib.parse
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(HERE.parent / "bitrix24"))
import preload  # noqa: E402
from bitrix24 import Bitrix24  # noqa: E402
from patience import PATIENT_S  # noqa: E402

PROGRAM = os.path.abspath(os.environ.get("TOKENKEEPER", ROOT / "build/host/tokenkeeper"))
# One that other users may run.
PYTHON = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable
WITH_US = ("setpriv", "--pdeathsig", "KILL")  # prefix of a command that ends with its parent


def _records() -> Path:
    """Directory of the records: $TK_E2E_DIR, or one of this process."""
    if "TK_E2E_DIR" in os.environ:
        return Path(os.environ["TK_E2E_DIR"])
    made = tempfile.mkdtemp(prefix="tk-e2e-")
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return Path(made)


RECORDS = _records()
REFRESH_INTERVAL_S = 10  # the least time between two refreshes
POLL_S = 0.1
GIVEN = re.compile(r"(OK access_token=)\S+")
SECRET_FIELD = re.compile(r'("access_token":")(?:[^"\\]|\\.)+')


class Answer:
    """The answer to a command: data lines, then OK or ERR."""

    def __init__(self, lines: list[str]) -> None:
        self.lines, self.last = lines[:-1], lines[-1]
        self.ok = self.last.split()[0] == "OK"
        self.code = "" if self.ok else self.last.split()[1]
        self.values = dict(line.partition("=")[::2] for line in self.lines)
        if self.ok:
            self.values |= dict(pair.partition("=")[::2] for pair in self.last.split()[1:])

    def __getitem__(self, key: str) -> str:
        return self.values[key]

    def __repr__(self) -> str:
        return " / ".join(self.lines + [self.last])


class Lines:
    """The lines that a thread reads from a file descriptor."""

    def __init__(self, fd: int, record: Path) -> None:
        self._fd, self._record = fd, record
        self._changed = threading.Condition()
        self.all: list[str] = []
        self.raw = b""
        self.ended = False
        self.expect_token = False  # the running command may print a token
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._thread.join(PATIENT_S)
        os.close(self._fd)

    def _read(self) -> None:
        rest = b""
        while True:
            try:
                data = os.read(self._fd, 65536)
            except OSError:  # EIO: the other side of a terminal is closed
                data = b""
            if not data:
                break
            self.raw += data
            *whole, rest = (rest + data).split(b"\n")
            self._take(whole)
        if rest:
            self._take([rest])
        with self._changed:
            self.ended = True
            self._changed.notify_all()

    def _take(self, whole: list[bytes]) -> None:
        lines = [line.decode("utf-8", "backslashreplace").rstrip("\r") for line in whole]
        with self._record.open("a") as record:
            for line in lines:
                record.write((GIVEN.sub(r"\1(given)", line) if self.expect_token else line) + "\n")
        with self._changed:
            self.all += [re.sub(r"^(tk> )+", "", line) for line in lines]
            self._changed.notify_all()

    def wait(self, pattern: str, start: int = 0, seconds: float = PATIENT_S) -> int:
        """Waits for a line that matches, from line `start` on; returns its number."""
        end = time.monotonic() + seconds
        with self._changed:
            while True:
                for i in range(start, len(self.all)):
                    if re.match(pattern, self.all[i]):
                        return i
                start = max(start, len(self.all))
                left = end - time.monotonic()
                if left <= 0 or self.ended:
                    what = "the output ended" if self.ended else f"{seconds} s passed"
                    raise AssertionError(f"{what} before a line matched {pattern!r}; the last: "
                                         f"{self.all[-12:]}")
                self._changed.wait(left)


class Keeper:
    """`tokenkeeper run` in a directory of its own; start() may follow kill() or end().

    clock: synchronized, unsynchronized or forbidden, instead of what this machine's kernel says.
    Only a synchronized one is believed after a start before a server has sent its Date.
    """

    def __init__(self, b24: Bitrix24 | None, *, console: str = "stdio", terminal: bool = False,
                 options: tuple[str, ...] = (), ca: str = "",
                 env: dict[str, str] | None = None, clock: str = "",
                 start: bool = True) -> None:
        self.b24 = b24
        self.home = Path(tempfile.mkdtemp(prefix="tk-"))
        os.chmod(self.home, 0o755)
        self.socket, self.flash = self.home / "socket", self.home / "flash.bin"
        self.record = RECORDS / f"{self.home.name}.console"
        self._terminal, self._seq = terminal, 0
        self._open: tuple[int, int] | None = None  # the last command, until its answer
        ca = ca or (b24.ca if b24 else "")
        self.command_line = [PROGRAM, "run", "--flash", str(self.flash), "--console",
                             console, "--socket", str(self.socket), *options,
                             *(["--ca", ca] if ca else [])]
        self._console = console
        self.env = {"PATH": os.environ["PATH"], "HOME": str(self.home),
                    "TOKENKEEPER_SOCKET": str(self.socket)} | (env or {})
        if clock:
            self.env |= preload.environment("adjtimex", TK_CLOCK=clock)
        self.process: subprocess.Popen | None = None
        self.out: Lines | None = None
        if start:
            self.start()

    # --- start and end ---

    def start(self, hello: bool = True) -> None:
        errors = (RECORDS / f"{self.home.name}.stderr").open("ab")
        if self._terminal:
            ours, theirs = pty.openpty()
            tty.setraw(theirs)
            self._in, self._out = os.dup(ours), ours
        else:
            theirs_in, self._in = os.pipe()
            self._out, theirs = os.pipe()
        if self.out:
            self.out.close()
        self.process = subprocess.Popen(
            [*WITH_US, *self.command_line], env=self.env, stderr=errors, stdout=theirs,
            stdin=theirs if self._terminal else theirs_in, start_new_session=True)
        os.close(theirs)
        if not self._terminal:
            os.close(theirs_in)
        errors.close()
        self.out, self._open = Lines(self._out, self.record), None
        if hello and self._console == "stdio":
            self.out.wait("EVT hello")
        elif hello:
            self.wait_for(self.is_served)

    def is_served(self) -> bool:
        """Whether its socket takes clients."""
        with socket.socket(socket.AF_UNIX) as s:
            return s.connect_ex(str(self.socket)) == 0

    def kill(self) -> None:
        """A power cut."""
        if self.process and self.process.poll() is None:
            self.process.kill()
        self.wait_end()

    def end(self) -> int:
        """Sends SIGTERM; returns the exit status."""
        if self.process and self.process.poll() is None:
            self.process.terminate()
        return self.wait_end()

    def wait_end(self) -> int:
        status = self.process.wait(PATIENT_S)
        self.close_input()
        return status

    def close_input(self) -> None:
        if self._in >= 0:
            os.close(self._in)
        self._in = -1

    def errors(self) -> str:
        file = RECORDS / f"{self.home.name}.stderr"
        return file.read_text("utf-8", "backslashreplace") if file.exists() else ""

    def wait_for(self, condition, seconds: float = PATIENT_S) -> None:
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end or self.process.poll() is not None:
                raise AssertionError(f"not within {seconds} s; {self.errors()[-500:]}")
            time.sleep(POLL_S)

    def peak_kb(self) -> int:
        """Peak of its resident memory."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", text).group(1))

    # --- console ---

    def type(self, data: bytes) -> int:
        """Sends bytes; returns the number of the next line of output."""
        start = len(self.out.all)
        while data:
            data = data[os.write(self._in, data):]
        return start

    def ask(self, command: str, *, while_busy: bool = False) -> tuple[int, int]:
        """Sends a command in the form for programs (@seq); answered() waits for its answer.

        A console runs one command at a time and refuses others as busy: unless while_busy, this
        waits for the answer to the previous command first.
        """
        if not while_busy:
            self._finish_last()
        self._seq += 1
        self.out.expect_token = command.split(" ")[0] == "token"
        self._open = self._seq, self.type(f"@{self._seq} {command}\n".encode())
        return self._open

    def _finish_last(self) -> None:
        if self._open is not None:
            self.answered(self._open)

    def answered(self, asked: tuple[int, int], seconds: float = PATIENT_S) -> Answer:
        seq, start = asked
        if asked == self._open:
            self._open = None
        end = self.out.wait(rf"@{seq} (OK\b|ERR )", start, seconds)
        prefix = f"@{seq} "
        return Answer([line.removeprefix(prefix) for line in self.out.all[start:end + 1]
                       if line.startswith(prefix)])

    def command(self, command: str, seconds: float = PATIENT_S) -> Answer:
        return self.answered(self.ask(command), seconds)

    def plain(self, command: str, seconds: float = PATIENT_S) -> Answer:
        """Types a command like an operator, without @seq."""
        self._finish_last()
        self.out.expect_token = command.split(" ")[0] == "token"
        start = self.type(command.encode() + b"\r")
        end = self.out.wait(r"OK\b|ERR ", start, seconds)
        return Answer([line for line in self.out.all[start:end + 1]
                       if "=" in line.split(" ")[0] or line.startswith(("OK", "ERR"))])

    def must(self, command: str, seconds: float = PATIENT_S) -> Answer:
        answer = self.command(command, seconds)
        if not answer.ok:
            raise AssertionError(f"{command.split()[:2]}: {answer}")
        return answer

    def event(self, pattern: str, start: int = 0, seconds: float = PATIENT_S) -> str:
        return self.out.all[self.out.wait("EVT " + pattern, start, seconds)]

    # --- provisioning ---

    def configure(self, **changes: str) -> None:
        b24 = self.b24
        values = {"portal": b24.portal, "client_id": b24.client_id,
                  "client_secret": b24.client_secret, "auth_host": b24.oauth,
                  "scope": "crm,user"} | changes
        for key, value in values.items():
            if value:
                self.must(f"set {key} {value}")

    def begin(self) -> str:
        """auth begin; returns the state."""
        return self.must("auth begin")["state"]

    def redirect(self) -> str:
        return self.b24.code(state=self.begin())["redirect"]

    def provision(self, **changes: str) -> Answer:
        self.configure(**changes)
        return self.must(f"auth code {self.redirect()}")

    def status(self) -> Answer:
        return self.must("status --all")

    def wait_status(self, seconds: float = PATIENT_S, **wanted: str) -> Answer:
        """Polls `status` until it has these values; a later generation will do."""
        end = time.monotonic() + seconds
        while True:
            status = self.status()
            if all(self._reached(key, status[key], value) for key, value in wanted.items()):
                return status
            if time.monotonic() > end:
                raise AssertionError(f"{wanted} not reached: {status}")
            time.sleep(POLL_S)

    @staticmethod
    def _reached(key: str, value: str, wanted: str) -> bool:
        return int(value) >= int(wanted) if key == "generation" else value == wanted

    def refresh(self, poll_s: float = POLL_S) -> Answer:
        """`auth refresh` as soon as it is permitted, 10 s after the previous one."""
        answer = self.command("auth refresh")
        end = time.monotonic() + PATIENT_S
        while answer.code == "too_soon" and time.monotonic() < end:
            time.sleep(poll_s)
            answer = self.command("auth refresh")
        return answer

    def must_refresh(self) -> Answer:
        answer = self.refresh()
        if not answer.ok:
            raise AssertionError(f"auth refresh: {answer}")
        return answer

    def pass_time(self, seconds: int) -> None:
        """Waits until its own clock has advanced by this much."""
        begun = int(self.status()["uptime"])
        self.wait_for(lambda: int(self.status()["uptime"]) > begun + seconds,
                      seconds + PATIENT_S)

    def wait_refreshable(self) -> None:
        """Waits until a refresh of the pair is permitted."""
        self.pass_time(REFRESH_INTERVAL_S)

    # --- clients ---

    def run(self, *arguments: str, **options) -> subprocess.CompletedProcess:
        """Runs the program once more: `get`, `console`, ..."""
        options = {"env": self.env, "timeout": PATIENT_S, "capture_output": True,
                   "text": True} | options
        done = subprocess.run([PROGRAM, *arguments], check=False, **options)
        self._record_client(arguments, options.get("input") or "", done)
        return done

    def _record_client(self, arguments: tuple[str, ...], typed: str, done) -> None:
        out = SECRET_FIELD.sub(r"\1(given)", done.stdout)
        if arguments[:1] == ("console",) and re.search(r"(?m)^(@\d+ )?token$", typed):
            out = GIVEN.sub(r"\1(given)", out)
        if arguments[:1] == ("get",) and done.returncode == 0:
            out = re.sub(r"^[!-~]+$", "(given)", out)
        with (RECORDS / f"{self.home.name}.clients").open("a") as record:
            record.write(f"{arguments} -> {done.returncode}\n{out}{done.stderr}")

    def get(self, *arguments: str, **options) -> subprocess.CompletedProcess:
        return self.run("get", *arguments, **options)

    def get_json(self, *arguments: str) -> dict:
        return json.loads(self.get("--json", *arguments).stdout)

    def close(self) -> None:
        if self.process:
            self.kill()
            self.out.close()
        shutil.rmtree(self.home, ignore_errors=True)


class GatewayCase(unittest.TestCase):
    """Tests with a Bitrix24 per class and a keeper per test (self.k)."""

    settings: dict = {}
    keeper_options: dict = {}

    @classmethod
    def setUpClass(cls) -> None:
        cls.b24 = Bitrix24(**cls.settings).start()
        cls.addClassCleanup(cls._stop)

    @classmethod
    def _stop(cls) -> None:
        record_secrets(cls.b24)
        cls.b24.stop()

    def setUp(self) -> None:
        self.b24.drop()  # no entry of the previous test may come into the log of this one
        self.b24.reset()
        self.k = self.keeper(**self.keeper_options)

    def keeper(self, **options) -> Keeper:
        keeper = Keeper(self.b24, **options)
        self.addCleanup(self._close, keeper)
        return keeper

    def _close(self, keeper: Keeper) -> None:
        keeper.close()
        errors = keeper.errors()
        self.assertNotRegex(errors, "Sanitizer|runtime error", "reported by a sanitizer")

    def requests(self, kind: str) -> list[dict]:
        return [entry for entry in self.b24.log() if entry.get("kind") == kind]

    def assert_error(self, answer: Answer, code: str, words: str = "") -> None:
        self.assertEqual(answer.code, code, repr(answer))
        self.assertIn(words, answer.last)
        self.assertGreater(len(answer.last.split()), 4, "the error does not say what to do")


class ProvisionedCase(GatewayCase):
    """The keeper has its first token."""

    def setUp(self) -> None:
        super().setUp()
        self.k.provision()

    def restart(self) -> None:
        """After a start a refresh is permitted at once."""
        self.k.kill()
        self.k.start()


def secrets_of(b24: Bitrix24) -> list[str]:
    return sorted({planted["value"] for planted in b24.planted()})


def record_secrets(b24: Bitrix24) -> None:
    handle, name = tempfile.mkstemp(".planted", "b24-", RECORDS)
    with os.fdopen(handle, "w") as file:
        json.dump(secrets_of(b24), file)


def query_of(url: str) -> dict[str, str]:
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query))
