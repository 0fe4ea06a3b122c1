# SPDX-License-Identifier: Apache-2.0
"""`tokenkeeper get`: output and exit status."""

import contextlib
import fcntl
import json
import os
import re
import socket
import subprocess
import sys
import termios
import unittest
from pathlib import Path

from keeper import PATIENT_S, PROGRAM, GatewayCase
from protocol import Client


def was_read(client: socket.socket) -> bool:
    """Whether the service has read all that was sent."""
    unread = fcntl.ioctl(client, termios.TIOCOUTQ, bytes(4))
    return int.from_bytes(unread, sys.byteorder) == 0


class Get(GatewayCase):

    def test_token_and_json(self) -> None:
        self.k.provision()
        plain = self.k.get()
        self.assertEqual((plain.returncode, plain.stderr), (0, ""))
        self.assertRegex(plain.stdout, r"^[0-9a-f]{70}\n$")
        answer = self.k.get_json()
        self.assertEqual(answer["access_token"] + "\n", plain.stdout)
        self.assertEqual({"ref", "access_token", "expires_in", "expires_at", "generation",
                          "client_endpoint", "portal", "domain", "server_endpoint", "scope",
                          "user_id", "member_id", "short"}, set(answer))
        self.assertEqual((answer["ref"], answer["generation"], answer["short"]),
                         ("token", 1, False))
        self.assertEqual(answer["portal"], self.b24.portal)
        self.assertEqual(answer["client_endpoint"], f"https://{self.b24.portal}/rest/")

    def test_the_portal_accepts_the_token(self) -> None:
        self.k.provision()
        done = subprocess.run(
            ["curl", "-sS", "--cacert", self.b24.ca, "--data", "@-",
             f"https://{self.b24.portal}/rest/profile"],
            input="auth=" + self.k.get().stdout.strip(), capture_output=True, text=True,
            timeout=PATIENT_S, check=False)
        self.assertIn("result", json.loads(done.stdout), done.stderr)

    def test_console_and_get_return_the_same(self) -> None:
        self.k.provision()
        answer = self.k.must("token")
        self.assertEqual(answer["access_token"] + "\n", self.k.get().stdout)
        self.assertEqual(answer["generation"], "1")


class MinValid(GatewayCase):

    def live_for_half(self) -> None:
        """Less than half of the token's life is left, but 10 s, and no timer refreshes it."""
        self.b24.set(access_life_s=26)
        self.k.provision()
        self.k.must("set renew on-demand")
        self.k.pass_time(14)

    def test_min_valid_above_the_remaining_life_refreshes_first(self) -> None:
        self.live_for_half()
        self.b24.set(access_life_s=3600)
        answer = self.k.get_json("--min-valid", "600")
        self.assertEqual((answer["generation"], answer["short"]), (2, False))
        answer = self.k.get_json("--min-valid", "7200")
        self.assertEqual((answer["generation"], answer["short"]), (2, True))
        self.assertGreater(answer["expires_in"], 3500)
        self.assertEqual(len(self.requests("refresh")), 1)

    def test_timeout_returns_the_valid_token(self) -> None:
        self.live_for_half()
        self.b24.fault("oauth", "stall_at", byte=0, count=1)
        answer = self.k.get_json("--min-valid", "3600", "--timeout", "2")
        self.assertEqual((answer["generation"], answer["short"]), (1, True))


    def test_a_waiting_client_is_not_given_another_account(self) -> None:
        self.live_for_half()
        self.k.must("ref add shop")
        self.b24.fault("oauth", "stall_at", byte=0, count=1)
        with Client(self.k.socket) as client:
            client.send({"op": "get", "min_valid": 3600, "timeout": 30})
            self.k.wait_for(lambda: was_read(client.socket))
            done = self.k.run("console", input="@1 auth forget\n@2 ref del token\n")
            self.assertIn("@2 OK", done.stdout)
            self.assertEqual(client.answer()["error"], "no_such_ref")

    def cpu_s(self) -> float:
        assert self.k.process is not None
        fields = Path(f"/proc/{self.k.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def test_waiting_clients_that_shut_down_cost_no_cpu_time(self) -> None:
        self.live_for_half()
        for more, count in ((b"", 1), (b"and more", 1), (b"", 30)):  # the service lets 24 wait
            self.b24.fault("oauth", "stall_at", byte=0, count=1)
            before = self.cpu_s()
            with contextlib.ExitStack() as stack:
                clients = [stack.enter_context(Client(self.k.socket)) for _ in range(count)]
                for client in clients:
                    client.send({"op": "get", "min_valid": 3600, "timeout": 2})
                self.k.wait_for(lambda: was_read(clients[0].socket))
                for client in clients[:1]:
                    client.send(more)
                    client.socket.shutdown(socket.SHUT_WR)
                for client in clients:
                    answer = client.answer()
                    self.assertEqual((answer["generation"], answer["short"]), (1, True))
            self.assertLess(self.cpu_s() - before, 1)


class Rejected(GatewayCase):

    def test_rejected(self) -> None:
        self.k.provision()
        self.k.wait_refreshable()
        self.assertEqual(self.k.get_json("--rejected", "1")["generation"], 2)
        self.assertEqual(self.k.get_json("--rejected", "1")["generation"], 2)
        self.assertEqual(len(self.requests("refresh")), 1)

    def test_concurrent_clients_cause_one_refresh(self) -> None:
        self.k.provision()
        self.k.wait_refreshable()
        self.b24.fault("oauth", "delay", seconds=2, path="/oauth/token")
        clients = [subprocess.Popen([PROGRAM, "get", "--rejected", "1", "--json"],
                                    env=self.k.env, stdout=subprocess.PIPE, text=True)
                   for _ in range(12)]
        answers = [json.loads(client.communicate(timeout=PATIENT_S)[0]) for client in clients]
        self.assertEqual({answer["generation"] for answer in answers}, {2})
        self.assertEqual(len(self.requests("refresh")), 1)


class OnDemand(GatewayCase):

    def test_on_demand(self) -> None:
        self.k.configure()
        note = self.k.must("set renew on-demand")
        self.b24.set(access_life_s=13)
        self.k.must(f"auth code {self.k.redirect()}")
        self.k.pass_time(14)
        self.assertEqual(self.requests("refresh"), [])
        self.assertEqual(self.k.get_json("--min-valid", "5")["generation"], 2)
        self.assertEqual(note["renew"], "on-demand")


class ExitStatus(GatewayCase):

    def status(self, *arguments: str, **options) -> int:
        done = self.k.get(*arguments, **options)
        self.assertEqual(done.stdout, "")
        self.assertGreater(len(done.stderr.split()), 4, "the error does not say what to do")
        return done.returncode

    def test_2_usage(self) -> None:
        for arguments in (["--min-valid", "soon"], ["--min-valid"], ["--min-valid", "-1"],
                          ["--nonsense"], ["word"], ["--rejected", "x"], ["--timeout", "1x"],
                          ["--timeout", "3601"]):
            with self.subTest(arguments):
                self.assertEqual(self.status(*arguments), 2)

    def test_3_no_service(self) -> None:
        self.assertEqual(self.status("--socket", str(self.k.home / "none")), 3)
        self.k.kill()
        self.assertEqual(self.status(), 3)

    def test_4_no_such_ref(self) -> None:
        self.assertEqual(self.status("--ref", "other"), 4)
        self.assertEqual(self.status("--ref", "o" * 240), 4)

    def test_5_operator_required(self) -> None:
        self.assertEqual(self.status(), 5)
        self.k.configure()
        self.assertEqual(self.status(), 5)

    def test_6_try_later(self) -> None:
        self.b24.set(access_life_s=12)
        self.k.provision()
        self.b24.fault("oauth", "status", status=503, count=-1)
        self.k.wait_status(expires_in="0")
        self.assertEqual(self.status("--timeout", "1", "--min-valid", "0"), 6)

    def test_help_lists_them(self) -> None:
        done = self.k.run("--help")
        self.assertEqual(done.returncode, 0)
        for number in ("2", "3", "4", "5", "6", "70", "75"):
            self.assertRegex(done.stdout, rf"(?m)(status: .*|^.*)\b{number} [a-z]")

    def test_help_and_version_in_each_form(self) -> None:
        text = self.k.run("--help").stdout
        self.assertEqual([line for line in text.splitlines() if len(line) > 80], [])
        for form in ("help", "-h"):
            self.assertEqual(self.k.run(form).stdout, text)
        self.assertEqual(self.k.run("get", "-h").stdout, self.k.run("get", "--help").stdout)
        self.assertEqual(self.k.run("version").stdout, self.k.run("--version").stdout)
        self.assertRegex(self.k.run("version").stdout, r"^tokenkeeper \d+\.\d+\.\d+\n$")

    def test_help_of_a_command(self) -> None:
        text = self.k.run("--help").stdout
        for name in ("run", "console", "do", "status", "events", "export", "get", "call", "rekey"):
            with self.subTest(name):
                done = self.k.run(name, "--help")
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                lines = done.stdout.splitlines()
                self.assertIn(f"\n  {lines[0]}\n", text)
                self.assertRegex(lines[0], rf"^tokenkeeper {name} ")
                self.assertEqual(len(re.findall(r"(?m)^ *tokenkeeper \w", done.stdout)), 1)
                self.assertTrue(text.endswith(done.stdout[done.stdout.index("\nexit status"):]))

    def test_an_unknown_command_is_answered_in_one_line(self) -> None:
        for word, wanted in (("gte", "did you mean get?"), ("consol", "did you mean console?"),
                             ("rnu", "did you mean run?"), ("Get", "did you mean get?"), ("ge", "did you mean get?"),
                             ("xx", "see tokenkeeper --help"), ("--verison", "did you mean version?"),
                             ("-x", "see tokenkeeper --help"), ("-", "see tokenkeeper --help"),
                             ("dance", "see tokenkeeper --help"),
                             ("x" * 1000, "see tokenkeeper --help"),
                             ("statsu", "did you mean status?"),
                             ("auth", "or: tokenkeeper do 'auth ...'"),
                             ("--nonsense", "see tokenkeeper --help")):
            with self.subTest(word):
                done = self.k.run(word)
                self.assertEqual((done.returncode, done.stdout), (2, ""))
                self.assertRegex(done.stderr, rf"^tokenkeeper: .*{re.escape(wanted)}\n$")

    def test_without_a_command_each_has_a_line(self) -> None:
        done = self.k.run()
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        listed = re.findall(r"(?m)^  (\w+) +\w.{10,66}$", done.stderr)
        commands = re.findall(r"(?m)^  tokenkeeper (\w+)", self.k.run("--help").stdout)
        self.assertEqual(listed, [name for name in commands if name not in ("version", "help")])

    def test_an_unknown_option_is_answered_in_one_line(self) -> None:
        for arguments, wanted in ((("call", "--rfe"), "call has no option --rfe; did you mean --ref?"),
                                  (("get", "--jsn"), "did you mean --json?"),
                                  (("get", "--flash", "x"), "get has no option --flash; see"),
                                  (("get", "--flash=x"), "tokenkeeper get --help"),
                                  (("call", "-x"), "call has no option -x; see tokenkeeper call"),
                                  (("get", "--ref"), "--ref needs a value"),
                                  (("get", "--json=1"), "get has no option --json=1"),
                                  (("get", "x" * 1000), "tokenkeeper get --help"),
                                  (("run", "--" + "x" * 1000), "tokenkeeper run --help")):
            with self.subTest(arguments):
                done = self.k.run(*arguments)
                self.assertEqual((done.returncode, done.stdout), (2, ""))
                self.assertRegex(done.stderr, rf"^tokenkeeper: .*{re.escape(wanted)}.*\n$")

    def test_each_command_of_the_console_is_known_as_such(self) -> None:
        words = {line.split("=")[0].split()[0] for line in self.k.must("help").lines}
        for word in sorted(words - {"help", "version", "call", "status"}):
            with self.subTest(word):
                self.assertIn(f"'{word}' is a command of the console", self.k.run(word).stderr)

    def test_an_error_says_where_its_commands_are_typed(self) -> None:
        where = r"type .* \(in tokenkeeper console\)\n$"
        self.assertRegex(self.k.get("--ref", "other").stderr, where)
        self.k.configure()
        self.assertRegex(self.k.get().stderr, where)

    def test_invalid_arguments(self) -> None:
        run = ["run", "--flash", str(self.k.home / "second.bin"), "--socket",
               str(self.k.home / "second")]
        for arguments in ([], [*run, "--console", "tape"], [*run, "extra"],
                          [*run, "--console", "none", "--socket-group", "no-such-group"],
                          ["get", "--flash", "x"]):
            with self.subTest(arguments):
                self.assertEqual(self.k.run(*arguments).returncode, 2)


if __name__ == "__main__":
    unittest.main()
