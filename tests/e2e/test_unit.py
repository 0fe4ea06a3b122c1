# SPDX-License-Identifier: Apache-2.0
"""What a service manager needs: its protocol, the unit's sandbox, a hardened program."""

import csv
import grp
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import unittest
from pathlib import Path

from keeper import PATIENT_S, PROGRAM, ROOT, GatewayCase, Keeper

UNITS = ROOT / "boards/host"
EXPOSURE_MAX = 15  # tenths


class ServiceManager(GatewayCase):
    """sd_notify(3), as systemd speaks it."""

    keeper_options = {"console": "none", "start": False}

    def listen(self, address: str) -> socket.socket:
        s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(s.close)
        s.settimeout(PATIENT_S)
        s.bind(address.replace("@", "\0", 1))
        self.k.env["NOTIFY_SOCKET"] = address
        return s

    def test_ready_alive_and_stopping(self) -> None:
        for address in (str(self.k.home / "notify"), f"@tokenkeeper-{os.getpid()}"):
            with self.subTest(address):
                manager = self.listen(address)
                self.k.env["WATCHDOG_USEC"] = "300000"
                self.k.start()
                self.assertEqual([manager.recv(100) for _ in range(4)],
                                 [b"READY=1"] + 3 * [b"WATCHDOG=1"])
                self.k.process.terminate()
                while (datagram := manager.recv(100)) == b"WATCHDOG=1":
                    continue
                self.assertEqual(datagram, b"STOPPING=1")
                self.assertEqual(self.k.wait_end(), 0)

    def test_ready_means_that_clients_are_served(self) -> None:
        manager = self.listen(str(self.k.home / "notify"))
        self.k.start(hello=False)
        self.assertEqual(manager.recv(100), b"READY=1")
        self.assertEqual(self.k.get().returncode, 5)

    def test_a_foreign_flash_file_is_never_ready(self) -> None:
        manager = self.listen(str(self.k.home / "notify"))
        self.k.flash.write_bytes(bytes(range(256)) * 128)
        self.k.start(hello=False)
        self.assertEqual(self.k.wait_end(), 2)
        manager.setblocking(False)
        with self.assertRaises(BlockingIOError):
            manager.recv(100)

    def test_a_watchdog_of_another_process_is_not_fed(self) -> None:
        manager = self.listen(str(self.k.home / "notify"))
        self.k.env |= {"WATCHDOG_USEC": "3000", "WATCHDOG_PID": "1"}
        self.k.start()
        self.assertEqual(manager.recv(100), b"READY=1")
        for _ in range(3):
            self.assertEqual(self.k.get().returncode, 5)  # passes of its main loop
        manager.setblocking(False)
        with self.assertRaises(BlockingIOError):
            manager.recv(100)

    def test_a_manager_that_cannot_be_reached(self) -> None:
        for address in ("relative", "/nonexistent/notify", "@", "/" + 200 * "x"):
            with self.subTest(address):
                self.k.env["NOTIFY_SOCKET"] = address
                self.k.start()
                self.assertEqual(self.k.get().returncode, 5)
                self.assertEqual(self.k.end(), 0)


class Hardening(unittest.TestCase):

    def test_the_sandbox_of_each_unit(self) -> None:
        for unit in sorted(UNITS.glob("*.service")):
            done = subprocess.run(["systemd-analyze", "security", "--offline=true",
                                   f"--threshold={EXPOSURE_MAX}", unit], capture_output=True,
                                  text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    @unittest.skipIf("asan" in PROGRAM, "the sanitizers' build is not shipped")
    def test_the_program(self) -> None:
        done = subprocess.run(["checksec", "--output=csv", f"--file={PROGRAM}"],
                              capture_output=True, text=True, check=True)
        found = next(csv.reader([done.stdout]))
        self.assertEqual(found[:6] + found[7:8], ["Full RELRO", "Canary found", "NX enabled",
                                                  "PIE enabled", "No RPATH", "No RUNPATH", "Yes"])


def permitted_calls(unit: str) -> set[str]:
    """What the lines SystemCallFilter= of a unit permit: systemd.exec(5)."""
    calls: set[str] = set()
    for line in re.findall(r"(?m)^SystemCallFilter=(.*)$", unit):
        named = set().union(*(expand(name) for name in line.lstrip("~").split()))
        calls = calls - named if line.startswith("~") else calls | named
    return calls


def expand(name: str) -> set[str]:
    """The system calls of a set like @system-service."""
    if not name.startswith("@"):
        return {name}
    done = subprocess.run(["systemd-analyze", "syscall-filter", name], capture_output=True,
                          text=True, check=True)
    words = [line.strip() for line in done.stdout.splitlines()[1:]]
    return set().union(*(expand(word) for word in words if word and word[0] != "#"))


class SystemCalls(GatewayCase):
    keeper_options = {"start": False}
    # The unit limits core files itself. Without the kernel's word on its clock, the file of
    # systemd-timesyncd counts, then the first Date.
    MAY_FAIL = {"setrlimit", "prlimit64", "clock_adjtime"}

    @unittest.skipIf("asan" in PROGRAM, "the sanitizers make calls of their own")
    def test_the_unit_permits_each_one(self) -> None:
        trace = self.k.home / "trace"
        self.k.command_line[:0] = ["strace", "-f", "-o", str(trace), "-e", "signal=none"]
        self.k.command_line += ["--socket-group", grp.getgrgid(os.getegid()).gr_name]
        self.k.start()
        self.k.provision()
        self.k.must_refresh()
        self.assertEqual(self.k.get().returncode, 0)
        self.k.must("check")
        service = int(trace.read_text().split(maxsplit=1)[0])
        os.kill(service, signal.SIGTERM)
        self.assertEqual(self.k.wait_end(), 0)
        used = set(re.findall(r"(?m)^\d+ +(\w+)\(", trace.read_text()))
        self.assertIn("sendto", used)
        permitted = permitted_calls((UNITS / "tokenkeeper.service").read_text())
        self.assertEqual(used - permitted - self.MAY_FAIL, set())


class Memory(GatewayCase):
    """What other processes can see of the service."""

    def read(self, name: str) -> str:
        return (Path("/proc") / str(self.k.process.pid) / name).read_text()

    def test_no_dump(self) -> None:
        self.assertRegex(self.read("limits"), r"Max core file size +0 +0 ")

    @unittest.skipIf("asan" in PROGRAM, "the sanitizers lock nothing")
    def test_its_state_is_locked(self) -> None:
        self.assertGreater(int(re.search(r"VmLck:\s+(\d+)", self.read("status"))[1]), 0)

    @unittest.skipUnless(os.geteuid() == 0, "needs root to run as another user")
    def test_a_process_of_the_same_user_reads_no_memory(self) -> None:
        k = Keeper(None, console="none", start=False)
        self.addCleanup(self._close, k)
        other = pwd.getpwnam("nobody")
        os.chown(k.home, other.pw_uid, other.pw_gid)
        shutil.copy(PROGRAM, k.home / "program")
        os.chmod(k.home / "program", 0o755)
        user = ["setpriv", f"--reuid={other.pw_uid}", f"--regid={other.pw_gid}", "--clear-groups"]
        k.command_line = [*user, str(k.home / "program"), *k.command_line[1:]]
        k.start()
        done = subprocess.run([*user, "cat", f"/proc/{k.process.pid}/maps"], cwd="/",
                              capture_output=True, text=True, check=False)
        self.assertNotEqual(done.returncode, 0, "the maps of the service can be read")
        self.assertIn("Permission denied", done.stderr)
