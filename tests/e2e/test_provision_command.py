# SPDX-License-Identifier: Apache-2.0
"""`tokenkeeper provision`: one gateway, its listener and its browser."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import scripted_browser as browser
from keeper import HERE, PROGRAM, PYTHON, RECORDS, WITH_US, Bitrix24, Keeper, record_secrets
from patience import PATIENT_S
from terminals import Terminal

BROWSER = f"{PYTHON} {HERE / 'scripted_browser.py'}"


def words(lines: str) -> str:
    """Lines as one."""
    return re.sub(r"\s+", " ", lines)


def free_port() -> int:
    """A port that is free at both loopback addresses."""
    while True:
        with socket.socket() as four, socket.socket(socket.AF_INET6) as six:
            four.bind(("127.0.0.1", 0))
            try:
                six.bind(("::1", four.getsockname()[1]))
            except OSError:
                continue
            return four.getsockname()[1]


class ProvisionCase(unittest.TestCase):
    """A Bitrix24 whose application ends at a port of ours, and a gateway at a pseudoterminal."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.port = free_port()
        cls.b24 = Bitrix24(handler=f"http://localhost:{cls.port}/").start()
        cls.addClassCleanup(cls.b24.stop)
        cls.addClassCleanup(record_secrets, cls.b24)

    def setUp(self) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="tk-"))
        self.addCleanup(shutil.rmtree, self.home, True)
        self.b24.reset()
        self.secret = self.home / "secret"
        self.secret.write_text(self.b24.client_secret + "\n")
        self.secret.chmod(0o600)
        self.k = self.gateway("tty")

    def gateway(self, name: str, *options: str) -> Keeper:
        keeper = Keeper(self.b24, clock="synchronized", console=f"pty={self.home / name}",
                        options=options)
        self.addCleanup(keeper.close)
        return keeper

    def environment(self, does: str = "login", **changes: str) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "HOME": str(self.home), "BROWSER": BROWSER,
                "BROWSER_CA": self.b24.ca, "BROWSER_DOES": does} | changes

    def given(self) -> tuple[str, ...]:
        """The options that leave nothing to ask for."""
        return ("--serial", str(self.home / "tty"), "--portal", self.b24.portal, "--client-id",
                self.b24.client_id, "--secret-file", str(self.secret), "--auth-host",
                self.b24.oauth, "--port", str(self.port))

    def start(self, *options: str, does: str = "login", **changes: str) -> subprocess.Popen:
        process = subprocess.Popen(
            [*WITH_US, PROGRAM, "provision", *options], env=self.environment(does, **changes),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def finish(self, process: subprocess.Popen) -> subprocess.CompletedProcess:
        out, err = process.communicate(timeout=PATIENT_S)
        (RECORDS / f"{self.home.name}.{process.pid}.provision").write_text(out + err)
        self.assertNotRegex(err, "Sanitizer|runtime error", "reported by a sanitizer")
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def provision(self, *options: str, does: str = "login", **changes: str):
        return self.finish(self.start(*options, does=does, **changes))

    def requests(self, kind: str) -> list[dict]:
        return [entry for entry in self.b24.log() if entry.get("kind") == kind]

    def wait_start(self, process: subprocess.Popen) -> str:
        """The link to open, of a process that prints it."""
        for line in process.stderr:
            if "/start/" in line:
                return line.strip()
        raise AssertionError("no link")


class ProvisionOne(ProvisionCase):
    def test_from_nothing_to_ready(self) -> None:
        done = self.provision(*self.given())
        self.assertEqual(done.returncode, 0, done.stderr)
        for step in ("gateway", "seed", "clock", "portal", "client", "check", "login", "code",
                     "ready"):
            self.assertRegex(done.stderr, rf"(?m)^{step} ")
        self.assertRegex(done.stdout, rf"(?m)^portal +{re.escape(self.b24.portal)}$")
        self.assertRegex(done.stdout, r"(?m)^user +1 \(Test User\)$")
        self.assertEqual(len(self.requests("exchange")), 1)
        self.assertLessEqual(max(map(len, (done.stderr + done.stdout).splitlines())), 80)

        again = self.provision(*self.given())
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertIn("nothing was changed", again.stderr)
        self.assertEqual(len(self.requests("exchange")), 1)

        other = self.provision("--serial", str(self.home / "tty"), "--portal", "acme")
        self.assertEqual(other.returncode, 5)
        self.assertIn("FAILED other_grant", other.stderr)
        self.assertIn(f"tokenkeeper do --serial {self.home / 'tty'} 'auth forget'",
                      words(other.stderr))

    def test_a_speed_that_is_no_number(self) -> None:
        done = self.provision(*self.given(), "--baud", "fast")
        self.assertEqual(done.returncode, 2)
        self.assertIn("--baud takes a number", done.stderr)

    def test_json_and_dry_run(self) -> None:
        done = self.provision(*self.given(), "--json", "--dry-run")
        steps = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual([step["step"] for step in steps],
                         ["gateway", "seed", "clock", "portal", "client", "settings", "check"])
        for step in steps:
            self.assertEqual(set(step), {"gateway", "step", "ms", "ok", "code", "do"})
            self.assertTrue(step["ok"])
        self.assertEqual(self.requests("authorize"), [])

    def test_the_service_and_a_secret_from_a_descriptor(self) -> None:
        given = self.given()
        ours, theirs = os.pipe()
        os.write(theirs, self.b24.client_secret.encode() + b"\n")
        process = subprocess.Popen(
            [*WITH_US, PROGRAM, "provision", "--socket", str(self.k.socket), *given[2:6],
             "--secret-fd", str(ours), *given[8:], "--set", "scope=crm", "--renew", "45m"],
            env=self.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, pass_fds=[ours])
        os.close(ours)
        os.close(theirs)
        done = self.finish(process)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"(?m)^renewal +every 45m; Bitrix24 advises on-demand")

    def test_a_setting_that_is_refused_is_named(self) -> None:
        done = self.provision(*self.given(), "--set", "escalate_level=9")
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("FAILED bad_value: escalate_level:", done.stderr)

    def test_what_is_missing_is_named(self) -> None:
        done = self.provision("--serial", str(self.home / "tty"))
        self.assertEqual(done.returncode, 2)
        self.assertIn("--portal", done.stderr)

    def test_a_secret_is_no_argument_and_its_file_is_private(self) -> None:
        done = self.provision("--set", "corezoid_key=abcdef")
        self.assertEqual(done.returncode, 2)
        self.assertNotIn("abcdef", done.stderr)
        self.secret.chmod(0o644)
        self.assertEqual(self.provision(*self.given()).returncode, 2)

    def test_the_state_is_in_no_argument(self) -> None:
        process = self.start(*self.given(), does="nothing", BROWSER="/bin/sleep 60 %s")
        link = self.wait_start(process)
        state = dict(p.split("=") for p in browser.get(link, follow=False)[1].split("?")[1]
                     .split("&"))["state"]
        for entry in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                self.assertNotIn(state.encode(), entry.read_bytes(), entry)
            except OSError:
                continue

    def test_refusals(self) -> None:
        cases = (("deny", 5, "login_refused", "access_denied"),
                 ("twice", 5, "opened_twice", "second time"),
                 ("nothing", 9, "no_login", "repeat"),
                 ("forge", 9, "no_login", "its state is not ours"))
        for does, status, code, said in cases:
            with self.subTest(does):
                done = self.provision(*self.given(), "--login-timeout", "2", does=does)
                self.assertEqual(done.returncode, status, done.stderr)
                self.assertIn(f"FAILED {code}", done.stderr)
                self.assertIn(said, words(done.stderr))
        self.assertEqual(self.requests("exchange"), [])
        self.assertEqual(self.provision(*self.given()).returncode, 0)

    def test_another_user_than_wanted(self) -> None:
        done = self.provision(*self.given(), "--user", "67")
        self.assertEqual(done.returncode, 5)
        self.assertIn("FAILED other_user", done.stderr)

    def test_a_wrong_secret(self) -> None:
        self.secret.write_text("wrong-secret-of-this-test\n")
        done = self.provision(*self.given())
        self.assertEqual(done.returncode, 5, done.stderr)
        self.assertIn("FAILED invalid_client", done.stderr)
        self.assertNotIn("wrong-secret", done.stderr + done.stdout)

    def test_a_gateway_that_is_unplugged(self) -> None:
        process = self.start(*self.given(), "--no-browser")
        self.wait_start(process)
        self.k.kill()
        done = self.finish(process)
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("FAILED line_lost", done.stderr)

    def test_a_secret_that_was_wrong_is_asked_for_again(self) -> None:
        self.secret.write_text("wrong-secret-of-this-test\n")
        given = self.given()
        self.assertEqual(self.provision(*given).returncode, 5)
        done = self.provision(*given[:2], *given[-2:])
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("--secret-file", done.stderr)

    def test_no_gateway(self) -> None:
        done = self.provision("--serial", str(self.home / "none"))
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertRegex(done.stderr, "^gateway +FAILED no_port")
        done = self.provision("--serial", "auto", "--socket", str(self.home / "none"))
        self.assertEqual(done.returncode, 2)
        self.assertIn("exclude each other", done.stderr)


class ProvisionListener(ProvisionCase):
    """What others than the browser send to http://localhost."""

    def connect(self, family: int = socket.AF_INET) -> socket.socket:
        s = socket.socket(family)
        self.addCleanup(s.close)
        s.settimeout(PATIENT_S)
        s.connect(("127.0.0.1" if family == socket.AF_INET else "::1", self.port))
        return s

    def send(self, s: socket.socket, request: bytes) -> bytes:
        s.sendall(request)
        found = b""
        try:
            while data := s.recv(65536):
                found += data
        except ConnectionResetError:
            pass
        return found

    def ask(self, request: bytes, family: int = socket.AF_INET) -> bytes:
        with self.connect(family) as s:
            return self.send(s, request)

    def status(self, request: bytes) -> int:
        answer = self.ask(request)
        return int(answer.split()[1]) if answer else 0

    def test_a_hostile_client(self) -> None:
        process = self.start(*self.given(), "--no-browser", does="nothing")
        link = self.wait_start(process)
        host = f"Host: localhost:{self.port}\r\n".encode()
        path = link.split(str(self.port))[1].encode()
        cases = ((b"GET /favicon.ico HTTP/1.1\r\n" + host + b"\r\n", 404),
                 (b"GET / HTTP/1.1\r\n" + host + b"\r\n", 404),
                 (b"GET /start/" + b"0" * 32 + b" HTTP/1.1\r\n" + host + b"\r\n", 404),
                 (b"GET /?code=1&state=2 HTTP/1.1\r\n" + host + b"\r\n", 403),
                 (b"POST " + path + b" HTTP/1.1\r\n" + host + b"\r\n", 405),
                 (b"GET http://localhost/ HTTP/1.1\r\n" + host + b"\r\n", 400),
                 (b"GET " + path + b" HTTP/1.0\r\n" + host + b"\r\n", 400),
                 (b"GET " + path + b" HTTP/1.1\r\n\r\n", 400),
                 (b"GET " + path + b" HTTP/1.1\r\n" + host + host + b"\r\n", 400),
                 (b"GET " + path + b" HTTP/1.1\r\nHost: evil.example:7000\r\n\r\n", 421),
                 (b"GET " + path + b" HTTP/1.1\r\nHost: 127.0.0.1:7000\r\n\r\n", 421),
                 (b"GET " + path + b" HTTP/1.1\r\n" + host + b"Content-Length: 3\r\n\r\nabc", 400),
                 (2 * (b"GET " + path + b" HTTP/1.1\r\n" + host + b"\r\n"), 400),
                 (b"GET " + path + b" HTTP/1.1\r\n" + host + b"Sec-Purpose: prefetch\r\n\r\n", 503),
                 (b"GET /" + b"a" * 9000, 431), (b"\x16\x03\x01\x02\x00\x01", 400))
        for request, status in cases:
            with self.subTest(request[:60]):
                self.assertEqual(self.status(request), status)
        crowd = [self.connect() for _ in range(60)]
        late = self.connect(socket.AF_INET6)
        crowd += [self.connect() for _ in range(3)]
        late.sendall(b"GET " + path)
        answer = self.send(late, b" HTTP/1.1\r\n" + host + b"\r\n")
        head, _, body = answer.partition(b"\r\n\r\n")
        self.assertTrue(head.startswith(b"HTTP/1.1 302 "), answer)
        for field in (b"Cache-Control: no-store", b"Referrer-Policy: no-referrer",
                      b"Connection: close"):
            self.assertIn(field, head)
        self.assertNotIn(b"state", body)
        portal = re.search(rb"Location: (\S+)", head)[1].decode()
        code, _, text = browser_with(self.b24.ca, portal)
        self.assertEqual(code, 200)
        self.assertNotIn("code=", text)
        done = self.finish(process)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(words(done.stderr).count("its state is not ours"), 1)
        for s in crowd:
            s.close()

    def test_another_user_gets_nothing(self) -> None:
        process = self.start(*self.given(), "--no-browser", does="nothing")
        link = self.wait_start(process)
        stolen = subprocess.run(
            ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "curl", "-s",
             "-o", "/dev/null", "-w", "%{http_code}", link], capture_output=True, text=True,
            check=False, timeout=PATIENT_S)
        self.assertEqual(stolen.stdout, "403", stolen.stderr)
        self.assertEqual(browser_with(self.b24.ca, link)[0], 200)
        done = self.finish(process)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("another user of this machine", words(done.stderr))

    def test_a_second_opening_after_the_code(self) -> None:
        self.b24.fault("oauth", "hold")
        process = self.start(*self.given(), "--no-browser", does="nothing")
        link = self.wait_start(process)
        self.assertEqual(browser_with(self.b24.ca, link)[0], 200)
        path = link.split(str(self.port))[1]
        second = self.connect()
        second.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost:{self.port}\r\n\r\n".encode())
        end = time.monotonic() + PATIENT_S
        while not self.b24.release()["released"] and time.monotonic() < end:
            time.sleep(0.01)
        self.assertIn(b" 410 ", self.send(second, b""))
        done = self.finish(process)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("look at the user of the token", words(done.stderr))

    def test_the_page_is_served(self) -> None:
        page = self.home / "index.html"
        page.write_bytes(b"<!doctype html>" + b"x" * 300_000)
        process = self.start("--page", str(page), "--port", str(self.port))
        self.assertIn(f"http://localhost:{self.port}/", process.stderr.readline())
        host = f"Host: localhost:{self.port}\r\n\r\n".encode()
        for family in (socket.AF_INET, socket.AF_INET6):
            for path in (b"/", b"/?code=1&state=2"):
                head, _, body = self.ask(b"GET " + path + b" HTTP/1.1\r\n" + host,
                                         family).partition(b"\r\n\r\n")
                self.assertIn(b"Content-Type: text/html", head)
                self.assertEqual(body, page.read_bytes())
        self.assertEqual(self.status(b"GET /secret HTTP/1.1\r\n" + host), 404)
        self.assertEqual(self.status(b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n"), 421)
        process.send_signal(2)
        self.assertEqual(self.finish(process).returncode, 0)

    def test_a_port_that_is_taken(self) -> None:
        for family, address in ((socket.AF_INET6, "::1"), (socket.AF_INET, "127.0.0.1")):
            with self.subTest(address), socket.socket(family) as other:
                other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                other.bind((address, self.port))
                other.listen()
                done = self.provision(*self.given())
                said = words(done.stderr)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertIn("FAILED port_taken", said)
                self.assertIn(f"(pid {os.getpid()}, user ", said)
        self.assertEqual(self.requests("authorize"), [])


def browser_with(ca: str, url: str) -> tuple[int, str, str]:
    """A page, for a browser that trusts ca."""
    os.environ["BROWSER_CA"] = ca
    return browser.get(url)


class ProvisionAtATerminal(ProvisionCase):
    def terminal(self, *options: str, **changes: str) -> Terminal:
        terminal = Terminal("provision", *options, env=self.environment("nothing", **changes))
        self.addCleanup(lambda: (RECORDS / f"{self.home.name}.terminal").write_text(terminal.seen))
        return self.enterContext(terminal)

    def test_all_is_asked_for(self) -> None:
        at = 0
        t = self.terminal("--serial", str(self.home / "tty"), "--port", str(self.port),
                          "--auth-host", self.b24.oauth, BROWSER_DOES="login")
        for question, value in (("portal (", "no portal!"), ("portal (", f" {self.b24.portal} "),
                                ("client_id (", self.b24.client_id)):
            at = t.wait(question, at)
            t.type(value + "\n")
        at = t.wait("client_secret of", at)
        self.assertFalse(t.echoes())
        t.type(self.b24.client_secret + "\n")
        at = t.wait("PIN for this console", at)
        t.type("12345\n")
        at = t.wait("PIN for this console", at)
        t.type("123456\n")
        t.wait("set: the console asks", at)
        self.assertEqual(t.wait_end(), 0, t.seen)
        self.assertNotIn(self.b24.client_secret, t.seen)
        self.assertNotIn("123456", t.seen)

    def test_over_ssh_the_address_may_be_pasted(self) -> None:
        t = self.terminal(*self.given(), "--no-pin", SSH_CONNECTION="192.0.2.1 1 192.0.2.2 22")
        at = t.wait(f"ssh -L {self.port}:localhost:{self.port}")
        at = t.wait("https://", at)
        t.wait("\n", at)
        link = re.search(r"https://\S+", t.seen)[0]
        t.type("\x1a" + link + "\n")  # Ctrl-Z is no part of it
        at = t.wait("not the address", at)
        state = re.search(r"state=(\w+)", link)[1]
        redirect = self.b24.code(state=state)["redirect"]
        self.assertFalse(t.echoes() or t.stops())
        t.type(f" '{redirect}'\n")
        self.assertEqual(t.wait_end(), 0, t.seen)
        self.assertTrue(t.echoes() and t.stops())
        self.assertIn("hidden)", t.seen)
        self.assertNotIn(redirect, t.seen)
        self.assertEqual(self.requests("authorize"), [])

    def test_ctrl_c_gives_up(self) -> None:
        t = self.terminal(*self.given(), "--no-browser")
        t.wait("https://")
        t.type("\x03")
        self.assertEqual(t.wait_end(), 130, t.seen)
        self.assertTrue(t.echoes())

    def test_ctrl_c_at_a_question(self) -> None:
        t = self.terminal("--serial", str(self.home / "tty"))
        t.wait("portal (")
        t.type("\x03")
        self.assertEqual(t.wait_end(), 130, t.seen)


class ProvisionFleet(ProvisionCase):
    COUNT = 4

    def write(self, *rows: dict[str, str]) -> Path:
        path = self.home / "gateways.csv"
        names = list(rows[0])
        path.write_text("\r\n".join([",".join(names)] + [
            ",".join('"' + row[name].replace('"', '""') + '"' for name in names)
            for row in rows]) + "\r\n")
        return path

    def rows(self) -> list[dict[str, str]]:
        return [{"serial": str(self.home / f"tty{i}"), "portal": self.b24.portal,
                 "renew": "30m", "note": f'hall "{i}", left'} for i in range(self.COUNT)]

    def common(self, path: Path) -> tuple[str, ...]:
        return ("--from", str(path), *self.given()[4:])

    def results(self) -> list[str]:
        return (self.home / "gateways.result.csv").read_text().splitlines()

    def test_a_file_with_faults_changes_nothing(self) -> None:
        row = self.rows()[0]
        cases = (([row, row], "two rows are of gateway"),
                 ([row | {"colour": "red"}], "unknown column 'colour'"),
                 ([row | {"client_secret": "x"}], "--secret-file"),
                 ([row | {"corezoid_key": "x"}], "mode 0600"),
                 ([row | {"corezoid_token_conv": "7"},
                   self.rows()[1] | {"corezoid_token_conv": "7"}], "one task"))
        for rows, words in cases:
            with self.subTest(words):
                done = self.provision(*self.common(self.write(*rows)))
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertIn(words, done.stderr)
                self.assertFalse((self.home / "gateways.result.csv").exists())

    def test_each_setting_has_a_column(self) -> None:
        secret = {"client_secret", "client_secret_next", "console_pin"}
        shown = subprocess.run([PROGRAM, "do", "--serial", str(self.home / "tty"), "show"],
                               capture_output=True, text=True, check=True).stdout
        names = [name for name in re.findall(r"(?m)^(\w+)=", shown)
                 if name not in secret | {"ref"}]
        self.assertIn("renew", names)
        path = self.write(dict.fromkeys(["serial", *names], "") | {"serial": "/nowhere"})
        path.chmod(0o600)
        done = self.provision("--from", str(path), "--dry-run")
        self.assertEqual(done.returncode, 3, done.stderr)

    def test_resumes_after_it_was_killed(self) -> None:
        gateways = [self.gateway(f"tty{i}", "--device-id", f"gw-{i}") for i in range(self.COUNT)]
        path = self.write(*self.rows())
        process = self.start(*self.common(path))
        end = time.monotonic() + PATIENT_S
        while len(self.requests("exchange")) < 2 and time.monotonic() < end:
            time.sleep(0.01)
        process.kill()
        process.communicate()
        killed_at = len(self.requests("exchange"))
        self.assertLess(killed_at, self.COUNT)
        done = self.provision(*self.common(path))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(f"{self.COUNT} of {self.COUNT} gateways are ready", done.stdout)
        self.assertEqual(len(self.requests("exchange")), self.COUNT)
        self.assertTrue(all(",ready,1,1," in line for line in self.results()[1:]), self.results())
        for gateway in gateways:
            token = gateway.get()
            self.assertEqual(token.returncode, 0, token.stderr)
            gateway.kill()  # the file is enough from now on
        third = self.provision(*self.common(path), does="nothing")
        self.assertEqual(third.returncode, 0, third.stderr)

    def test_gateways_are_found_as_they_are_connected(self) -> None:
        found = [self.gateway("port0", "--device-id", "gw-0")]
        path = self.write({"gateway": "", "note": "first"}, {"gateway": "gw-2", "note": "third"},
                          {"gateway": "", "note": "second"})
        process = self.start("--from", str(path), "--serial", str(self.home / "port*"),
                             *self.given()[2:])
        for name, line in (("2", "connect gw-2, third"), ("1", "connect the next gateway, second")):
            while line not in process.stderr.readline():
                self.assertIsNone(process.poll())
            found.append(self.gateway(f"port{name}", "--device-id", f"gw-{name}"))
        done = self.finish(process)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual([line.split(",")[2] for line in self.results()[1:]],
                         ["gw-0", "gw-2", "gw-1"])
        for gateway in found:
            self.assertEqual(gateway.get().returncode, 0)

    def test_one_that_is_not_there(self) -> None:
        kept = self.gateway("tty1", "--device-id", "gw-1")
        path = self.write(*self.rows()[:2])
        done = self.provision(*self.common(path))
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("1 of 2 gateways are ready", done.stdout)
        self.assertIn(",failed,", self.results()[1])
        self.assertEqual(kept.get().returncode, 0)


if __name__ == "__main__":
    unittest.main()
