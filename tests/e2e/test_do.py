# SPDX-License-Identifier: Apache-2.0
"""`tokenkeeper do` and `status`: commands of the console by script, at the socket of the service and
at a serial port."""

import fcntl
import json
import os
import re
import subprocess
import tty
import unittest

from keeper import PROGRAM, GatewayCase, ProvisionedCase
from terminals import Peer, Terminal

SECRET = "sesame-do-4711-sesame"
VERSION = "OK version=0.2.0 board=test id=gw-12345678"


class Do(GatewayCase):
    """At the socket."""

    def do(self, *arguments: str, status: int = 0, **options) -> str:
        """What it prints."""
        done = self.k.run("do", *arguments, **options)
        self.assertEqual(done.returncode, status, done)
        self.errors = done.stderr
        return done.stdout

    def test_one_answer_each(self) -> None:
        self.assertEqual(self.do("set portal acme", "", " # x", " set scope crm "),
                         "OK portal=acme.bitrix24.com\nOK scope=crm\n")
        self.assertEqual(self.errors, "")
        lines = self.do("show").splitlines()
        self.assertIn("portal=acme.bitrix24.com", lines)
        self.assertEqual(lines[-1], "OK")

    def test_it_stops_at_the_first_error(self) -> None:
        self.assertRegex(self.do("set scope a", "dance", "set scope b", status=2),
                         r"^OK scope=a\nERR unknown_command .*\n$")
        self.assertEqual(self.k.must("show")["scope"], "a")
        self.assertRegex(self.do("--keep-going", "dance", "auth refresh", "set scope b", status=2),
                         r"^ERR unknown_command .*\nERR no_client .*\nOK scope=b\n$")

    def test_exit_status_by_error(self) -> None:
        for command, status in (("set portal", 2), ("set dance 1", 2), ("ref shop", 4),
                                ("auth refresh", 5), ("x" * 1023, 2), ("x" * 1024, 2),
                                ("set scope \x07", 2), ("set scope a\nset scope b", 2)):
            with self.subTest(command[:20]):
                self.do(command, status=status)
        self.assertEqual(self.k.must("show")["scope"], "")
        self.do("version", "--socket", "/nonexistent/socket", status=3)
        self.do(status=2)
        self.do("-f", "/nonexistent", status=2)
        self.do("version", "--timeout", "x", status=2)
        self.do("version", "--serial", "/dev/null", "--socket", "x", status=2)
        self.do("version", "--baud", "9600", status=2)
        self.do("version", "--serial", "/dev/null", status=3)
        self.do("version", "--serial", "/dev/null", "--baud", "77", status=3)

    def test_json(self) -> None:
        lines = self.do("--json", "--keep-going", "set scope a,b", "ref", "dance",
                        status=2).splitlines()
        scope, ref, dance = map(json.loads, lines)
        self.assertEqual(scope, {"command": "set scope a,b", "data": [], "ok": True,
                                 "pairs": {"scope": "a,b"}})
        self.assertEqual(ref["data"], [{"key": "token", "value": "no_client"}])
        self.assertEqual((dance["ok"], dance["error"], dance["exit"]),
                         (False, "unknown_command", 2))

    def test_of_an_account(self) -> None:
        self.k.must("ref add shop")
        self.k.must("ref token")
        self.assertEqual(self.do("--ref", "shop", "set scope user"), "OK scope=user\n")
        self.assertEqual(self.k.must("show")["scope"], "")
        self.do("--ref", "none", "show", status=4)

    def test_a_secret_on_the_command_line_is_refused(self) -> None:
        for command in ("set client_secret ", "set  client_secret  ", "pin ", "auth code ",
                        "seed ", "set console_pin "):
            with self.subTest(command):
                self.do("set scope x", command + SECRET, status=2)
                self.assertNotIn(SECRET, self.errors)
                self.assertIn(f"'{command.strip()}'", self.errors)
                self.assertIn("-f FILE", self.errors)
        self.do(f"http://localhost:7000/?code={SECRET}", status=2)
        self.assertIn("'auth code'", self.errors)
        self.assertNotIn(SECRET, self.errors)
        self.assertEqual(self.k.must("show")["scope"], "")

    def test_a_file(self) -> None:
        file = self.k.home / "commands"
        file.write_text(f"# a gateway\n\nset portal acme\r\nset client_secret {SECRET}", "ascii")
        file.chmod(0o644)
        self.assertEqual(self.do("-f", str(file), status=2), "")
        self.assertIn("0600", self.errors)
        file.chmod(0o600)
        self.assertRegex(self.do("-f", str(file)), r"^OK portal=.*\nOK client_secret_len=21 .*\n$")
        file.write_text("set scope a\ndance\nset scope b\n", "ascii")
        file.chmod(0o644)
        self.assertRegex(self.do("--file", str(file), status=2), r"^OK scope=a\nERR .*\n$")
        self.assertIn(f"{file}, line 2:", self.errors)
        self.do("-f", str(file), "version", status=2)
        file.write_bytes(b"\xef\xbb\xbfset scope c\r\n")
        self.assertEqual(self.do("-f", str(file)), "OK scope=c\n")
        for wrong in (b"x" * 2000 + b"\n", b"set scope a\0b\n"):
            file.write_bytes(wrong)
            self.assertEqual(self.do("-f", str(file), status=2), "")

    def test_what_export_has_printed(self) -> None:
        for command in ("set portal acme", "set scope crm", "ref add shop", "set renew 2h"):
            self.k.must(command)
        exported = self.k.run("export").stdout
        other = self.keeper()
        done = other.run("do", "-", input=exported)
        self.assertEqual(done.returncode, 0, done)
        self.assertEqual(other.run("export").stdout, exported)

    def test_standard_input(self) -> None:
        out = self.do("-", "--json", input=f"set client_secret {SECRET}\nset scope a\n")
        self.assertNotIn(SECRET, out)
        self.assertEqual([json.loads(line)["command"] for line in out.splitlines()],
                         ["set client_secret", "set scope a"])
        self.do("set client_secret", status=2, start_new_session=True)
        self.assertIn("no terminal", self.errors)

    def test_a_secret_is_asked_without_echo(self) -> None:
        with Terminal("do", "set client_secret", "set scope a", env=self.k.env) as terminal:
            terminal.wait("set client_secret (hidden): ")
            self.assertFalse(terminal.echoes())
            terminal.type(f"{SECRET}\n")
            terminal.wait("OK scope=a")
            self.assertEqual(terminal.wait_end(), 0)
            self.assertNotIn(SECRET, terminal.seen)
        self.assertIn("len=21", self.k.must("show")["client_secret"])
        with Terminal("do", "pin", env=self.k.env) as terminal:
            terminal.wait("pin (hidden): ")
            terminal.type("\x03")
            self.assertEqual(terminal.wait_end(), 2)


class DoAtTheSerialPort(GatewayCase):
    """At the terminal of the real program."""

    keeper_options = {"console": "pty"}

    def setUp(self) -> None:
        super().setUp()
        self.k.wait_for(lambda: "console: " in self.k.errors())
        self.port = re.search(r"console: (\S+)", self.k.errors()).group(1)

    def do(self, *arguments: str, status: int = 0) -> str:
        done = self.k.run("do", "--serial", self.port, *arguments)
        self.assertEqual(done.returncode, status, done)
        self.errors = done.stderr
        return done.stdout

    def left(self, data: bytes) -> None:
        """What the operator before has left at the port."""
        fd = os.open(self.port, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(fd)
        os.write(fd, data)
        os.close(fd)

    def test_what_was_typed_before_does_no_harm(self) -> None:
        for left in (b"", b"set scope half", b"set client_secret\r", b"\x1b[", b"\x1b]0;title",
                     b"x" * 2000, b"\xff\xfe\r", b"@1 version\r" * 3, b"help\r",
                     b"set client_secret\rhalf"):
            with self.subTest(left[:20]):
                self.left(left)
                self.assertEqual(self.do("set scope a"), "OK scope=a\n")
        self.assertEqual(dict(line.partition("=")[::2] for line in self.do("show").splitlines())
                         ["client_secret"], "")

    def test_the_selected_account_stays(self) -> None:
        self.do("ref add shop", "ref token")
        self.assertEqual(self.do("--ref", "shop", "set scope user"), "OK scope=user\n")
        self.assertEqual(self.do("ref").splitlines()[-1], "OK ref=token")
        self.k.run("status", "--serial", self.port)
        self.assertEqual(self.do("ref").splitlines()[-1], "OK ref=token")

    def test_a_port_in_use_names_its_holder(self) -> None:
        fd = os.open(self.port, os.O_RDWR | os.O_NOCTTY)
        fcntl.flock(fd, fcntl.LOCK_EX)
        self.do("version", status=3)
        self.assertRegex(self.errors, r"port_busy: \S+ is in use by \w.* \(process \d+\); ")
        os.close(fd)
        self.do("version")

    def test_no_port(self) -> None:
        for path in ("/nonexistent", str(self.k.home), "/dev/null"):
            done = self.k.run("do", "--serial", path, "version")
            self.assertEqual(done.returncode, 3)
            self.assertRegex(done.stderr, rf"^tokenkeeper: no_port: .*{path}\b.*\n$")


class DoWithAPeer(unittest.TestCase):
    """What the other end of a serial port may send."""

    def do(self, answer, *arguments: str) -> subprocess.CompletedProcess:
        with Peer(answer) as peer:
            done = subprocess.run([PROGRAM, "do", "--serial", peer.path, *arguments], check=False,
                                  capture_output=True, text=True, timeout=60)
        self.lines = peer.lines
        return done

    @staticmethod
    def gateway(to_command):
        """Answers `version` like one, and other commands by to_command(prefix)."""
        def answer(line: str) -> bytes | None:
            prefix, _, command = line.rpartition("\x15")[2].partition(" ")
            if not prefix.startswith("@"):
                return b"\r\ntk> "
            if command == "version":
                return f"{prefix} {VERSION}\r\n".encode()
            reply = to_command(prefix)
            return reply if reply is None else reply.replace("\n", "\r\n").encode()
        return answer

    def test_the_answer_between_other_lines(self) -> None:
        done = self.do(self.gateway(lambda prefix: (
            "@1 OK\n@1 ERR old x\ntk> tk> EVT state ref=token\nhalf\r\x1b[KLOG info x\n"
            + "y" * 10000 + f"\n{prefix}1 OK\n{prefix} a=\\x41=b\nOK\nERR x y\n{prefix}OK\n"
            f"tk> half typed\r\x1b[K{prefix} c=d\n{prefix} OK e=f\n")), "show")
        self.assertEqual((done.returncode, done.stdout), (0, "a=\\x41=b\nc=d\nOK e=f\n"), done)
        self.assertEqual(done.stderr, "EVT state ref=token\nLOG info x\n")

    def test_no_control_byte_reaches_the_terminal(self) -> None:
        with Peer(lambda line: (line.rpartition("\x15")[2].split(" ")[0].encode() +
                                (b" " + VERSION.encode() if "version" in line else
                                 b" OK a=\x9b2J\xc2\x9b2J\x0e\x08\x7fb")
                                + b"\r\nLOG \x9bc\x07\r\n")) as peer:
            done = subprocess.run([PROGRAM, "do", "--serial", peer.path, "show"], check=False,
                                  capture_output=True, timeout=60)
        self.assertEqual(done.stdout, b"OK a=2J2Jb\n")
        self.assertNotRegex(done.stderr, rb"[^ -~\n]")

    def test_json_of_odd_values(self) -> None:
        done = self.do(self.gateway(lambda prefix: (
            f"{prefix} a=\\x0a\\x5c\"\n{prefix} b=\\xff\n{prefix} c\n{prefix} OK\n")),
            "--json", "show")
        self.assertEqual(json.loads(done.stdout)["data"],
                         [{"key": "a", "value": "\n\\\""}, {"key": "b", "value": "\\xff"},
                          {"key": "", "value": "c"}])

    def test_a_silent_one(self) -> None:
        done = self.do(lambda line: b"", "version")
        self.assertEqual((done.returncode, done.stdout), (6, ""))
        self.assertRegex(done.stderr, "^tokenkeeper: no_answer: .*cable.*\n$")
        done = self.do(self.gateway(lambda prefix: f"{prefix} a=b\n"), "--timeout", "1", "show")
        self.assertEqual((done.returncode, done.stdout), (6, "a=b\n"))
        self.assertIn("no_answer", done.stderr)

    def test_one_that_is_unplugged(self) -> None:
        done = self.do(self.gateway(lambda prefix: None), "show", "version")
        self.assertEqual((done.returncode, done.stdout), (3, ""))
        self.assertIn("line_lost", done.stderr)

    def test_one_that_starts_or_is_busy(self) -> None:
        asked = []

        def answer(line: str) -> bytes:
            if "@" not in line:
                return b"boot\xff\xfe\r\n"
            asked.append(line)
            prefix = line.rpartition("\x15")[2].split(" ")[0]
            return (b"" if len(asked) == 1 else
                    f"{prefix} ERR busy x\r\n".encode() if len(asked) == 2 else
                    f"{prefix} {VERSION}\r\n".encode())
        done = self.do(answer, "version")
        self.assertEqual((done.returncode, done.stdout), (0, VERSION + "\n"), done)
        self.assertEqual(len({line.split("@")[1] for line in asked}), len(asked))

    def test_what_is_no_gateway(self) -> None:
        done = self.do(lambda line: line.encode() + b"\r\n", "version")
        self.assertEqual(done.returncode, 6)


class Status(ProvisionedCase):

    def status(self, *arguments: str, status: int = 0) -> str:
        done = self.k.run("status", *arguments)
        self.assertEqual((done.returncode, done.stderr), (status, ""), done)
        return done.stdout

    def test_of_all_accounts(self) -> None:
        text = self.status()
        self.assertRegex(text, rf"(?m)^token +ready, {self.b24.portal.split(':')[0]}.*, user \d+$")
        self.assertRegex(text, r"(?m)^ +token for \d+ min, renewal in \d+ min \(renew 25m\)$")
        self.k.must("ref add shop")
        text = self.status(status=5)
        self.assertRegex(text, r"(?m)^shop +no_client: ")
        self.assertRegex(text, r"(?m)^ +next: \w+")
        self.assertEqual([line for line in text.splitlines() if len(line) > 80], [])

    def test_long_values_are_wrapped(self) -> None:
        name = "a" * 16
        self.k.must(f"ref add {name}")
        self.k.must(f"set portal {'b' * 30}.{'c' * 15}.example.com")
        text = self.status(status=5)
        self.assertIn(f"{'c' * 15}.example.com", text)
        self.assertEqual([line for line in text.splitlines() if len(line) > 80], [])

    def test_json(self) -> None:
        known = json.loads(self.status("--json"))
        self.assertEqual([account["state"] for account in known["accounts"]], ["ready"])
        self.assertEqual((known["id"], known["exit"]), (self.k.must("version")["id"], 0))

    def test_retried(self) -> None:
        self.b24.fault("oauth", "status", status=503, count=-1)
        self.restart()
        self.k.command("auth refresh")
        self.k.wait_status(state="retrying")
        self.assertIn("retrying", self.status(status=6))

    def test_no_service(self) -> None:
        self.k.end()
        self.assertEqual(self.k.run("status").returncode, 3)
