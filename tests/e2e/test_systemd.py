# SPDX-License-Identifier: Apache-2.0
"""The service as README installs it, started by systemd: see machine.sh."""

import os
import re
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from keeper import PATIENT_S, PROGRAM, ROOT, WITH_US, record_secrets

from bitrix24 import Bitrix24  # keeper has extended sys.path

HERE = Path(__file__).resolve().parent
CGROUPS = Path("/sys/fs/cgroup")
UNIT = "tokenkeeper.service"
SOCKET = "/run/tokenkeeper/socket"
POLL_S = 0.05


def wait_for(condition) -> None:
    """Fails if it does not become true."""
    end = time.monotonic() + PATIENT_S
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"not within {PATIENT_S} s")
        time.sleep(POLL_S)


class Machine:
    """systemd as PID 1 in namespaces of its own; `run` is a shell of root in it."""

    def __init__(self) -> None:
        unified = CGROUPS / "unified" if (CGROUPS / "unified").is_dir() else CGROUPS
        self.group = Path(tempfile.mkdtemp(prefix="tk-", dir=unified))
        self.log = tempfile.TemporaryFile("w+")  # pylint: disable=consider-using-with
        self.process = subprocess.Popen(
            [*WITH_US, "bash", "-c", 'echo $$ >"$0/cgroup.procs" && exec "$@"', str(self.group),
             "unshare", "-m", "-p", "-u", "-i", "-C", "-f", "--kill-child", HERE / "machine.sh", ROOT],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT)
        self.first = 0  # its PID 1, as this machine counts

    def started(self) -> bool:
        """Whether systemd has reached its target."""
        if self.process.poll() is not None:
            return True
        try:
            tasks = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
            self.first = int(tasks.read_text() or 0)
        except OSError:  # it has ended just now
            return False
        return self.first > 0 and self.run("systemctl is-system-running").stdout in ("running\n",
                                                                                     "degraded\n")

    def run(self, script: str, **options) -> subprocess.CompletedProcess:
        """Runs the script of a shell."""
        return subprocess.run(
            ["nsenter", "-t", str(self.first), "-m", "-p", "-u", "-i", "-C", "env", "-i",
             "PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "sh", "-c",
             f'cd "{ROOT}"; sudo() {{ "$@"; }}\n{script}'],
            capture_output=True, text=True, timeout=PATIENT_S, check=False, **options)

    def stop(self) -> None:
        """Ends all that runs in it."""
        self.process.kill()
        self.process.wait()
        wait_for(lambda: "populated 0" in (self.group / "cgroup.events").read_text())
        for folder, _, _ in os.walk(self.group, topdown=False):
            os.rmdir(folder)
        self.log.close()


def installation() -> str:
    """The commands of README that install the service."""
    section = (ROOT / "README.md").read_text().partition("As a systemd service:")[2]
    return "\n".join(re.findall(r"(?m)^    (sudo (?:install|systemd-sysusers|systemctl) .*)$",
                                section))


@unittest.skipIf("asan" in PROGRAM, "the unit's sandbox forbids what the sanitizers need")
class Systemd(unittest.TestCase):

    @classmethod
    def setUpClass(cls) -> None:
        try:
            cls.machine = Machine()
        except OSError as error:
            raise unittest.SkipTest(f"no control group of our own: {error}") from error
        cls.addClassCleanup(cls.machine.stop)
        try:
            wait_for(cls.machine.started)
        except (AssertionError, subprocess.TimeoutExpired) as error:
            raise unittest.SkipTest(f"systemd does not start here: {error}") from error
        if cls.machine.process.poll() is not None:
            cls.machine.log.seek(0)
            raise unittest.SkipTest(f"no namespaces: {cls.machine.log.read()[-300:]}")
        cls.b24 = Bitrix24().start()
        cls.addClassCleanup(cls._stop_b24)

    @classmethod
    def _stop_b24(cls) -> None:
        record_secrets(cls.b24)
        cls.b24.stop()

    def must(self, script: str, **options) -> str:
        done = self.machine.run(script, **options)
        self.assertEqual(done.returncode, 0, f"{script}: {done.stdout}{done.stderr}\n{self.journal()}")
        return done.stdout

    def journal(self) -> str:
        return self.machine.run(f"journalctl -u {UNIT} -o cat --no-pager").stdout

    def consumer(self, user: str) -> int:
        """The exit status of `get` for a user."""
        return self.machine.run(f"TOKENKEEPER_SOCKET={SOCKET} setpriv --reuid {user} --regid {user} "
                                "--init-groups tokenkeeper get").returncode

    def console(self, *lines: str) -> str:
        return self.must("tokenkeeper console", input="".join(line + "\n" for line in lines))

    def test_from_installation_to_removal(self) -> None:
        self.must("cat >/etc/roots.pem", input=Path(self.b24.ca).read_text())
        self.must("useradd member && useradd stranger\n"
                  "mkdir /etc/tokenkeeper && cd /etc/tokenkeeper\n"
                  "echo user member accounts=token get >access\n"
                  "echo 'TOKENKEEPER_OPTIONS=--ca /etc/roots.pem --access /etc/tokenkeeper/access' "
                  f">/etc/default/tokenkeeper\ncd -\ninstall {PROGRAM} /usr/local/bin/tokenkeeper\n"
                  f"{installation()}\nusermod -aG tokenkeeper member")
        self.assertEqual(self.must(f"systemctl is-active {UNIT}"), "active\n")
        self.assertEqual(self.must("stat -c '%a %U %n' /run/tokenkeeper/* /var/lib/tokenkeeper/*"),
                         "600 tokenkeeper /run/tokenkeeper/admin\n"
                         "660 tokenkeeper /run/tokenkeeper/socket\n"
                         "600 tokenkeeper /var/lib/tokenkeeper/flash.bin\n")
        self.assertEqual([self.consumer(user) for user in ("root", "member", "stranger")], [5, 5, 3])
        self.first_token()
        self.assertEqual([self.consumer(user) for user in ("root", "member", "stranger")], [0, 0, 3])
        self.must(f"systemctl restart {UNIT}")
        self.assertEqual(self.consumer("member"), 0)
        self.must(f"systemctl kill -s KILL {UNIT}")
        wait_for(lambda: self.consumer("member") == 0)
        self.must(f"systemctl stop {UNIT} && test ! -e /run/tokenkeeper")

    def first_token(self) -> None:
        self.console(f"set portal {self.b24.portal}", f"set auth_host {self.b24.oauth}",
                     f"set client_id {self.b24.client_id}",
                     f"set client_secret {self.b24.client_secret}")
        state = re.search(r"&state=(\w+)", self.console("auth begin"))[1]
        answer = self.console(f"auth code {self.b24.code(state=state)['redirect']}")
        self.assertIn("OK state=ready", answer, self.journal())
