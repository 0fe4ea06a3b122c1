# SPDX-License-Identifier: Apache-2.0
"""boards/host/PROTOCOL.md: what it says, and its examples as they stand there."""

import json
import os
import re
import socket
import subprocess
import unittest
from datetime import datetime

from keeper import PATIENT_S, ROOT, GatewayCase, ProvisionedCase
from protocol import GREETING, Client

PAGE = ROOT / "boards/host/PROTOCOL.md"
PIECE_MAX = 1024


def example(language: str) -> str:
    return re.search(rf"(?ms)^```{language}\n(.*?)^```$", PAGE.read_text())[1]


class Examples(ProvisionedCase):

    def check(self, *command: str, **options) -> None:
        done = subprocess.run(command, env=self.k.env | {"PATH": os.environ["PATH"]},
                              capture_output=True, text=True, timeout=PATIENT_S, check=False,
                              **options)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        answer = json.loads(done.stdout)
        self.assertEqual((answer["ok"], answer["generation"]), (True, 1))
        self.assertEqual(answer["access_token"], self.k.get().stdout.strip())

    def test_shell(self) -> None:
        self.check("sh", "-euc", example("sh"))

    def test_python(self) -> None:
        self.check("python3", "-c", example("python"))

    def test_c(self) -> None:
        program = str(self.k.home / "example")
        subprocess.run(["cc", "-Wall", "-Wextra", "-Werror", "-x", "c", "-", "-o", program],
                       input=example("c"), text=True, check=True)
        self.check(program)

    def test_tokens_of_any_length(self) -> None:
        self.b24.set(token_digits=2048, token_text="visible")
        self.restart()
        self.k.must_refresh()
        with Client(self.k.socket) as client:
            client.send({"op": "get"})
            pieces = client.pieces()
            self.assertGreater(len(pieces), 1)
            self.assertLessEqual(max(map(len, pieces)), PIECE_MAX)
            answer = json.loads(b"".join(pieces))
        self.assertGreater(len(answer["access_token"]), PIECE_MAX)
        self.assertEqual(self.k.get_json()["access_token"], answer["access_token"])

    def test_many_requests_on_a_connection(self) -> None:
        with Client(self.k.socket) as client:
            client.send(b'{"op":"get"}\n{"op":"dance"}\n{"op":"get","ref":"x"}\n' * 50)
            for _ in range(50):
                self.assertTrue(client.answer()["ok"])
                self.assertEqual(client.answer()["error"], "unknown_op")
                self.assertEqual(client.answer()["error"], "no_such_ref")

    def test_what_json_adds(self) -> None:
        answer = self.k.get_json()
        self.assertEqual(answer["domain"], self.b24.portal)
        self.assertEqual(answer["server_endpoint"], f"https://{self.b24.oauth}/rest/")
        self.assertEqual(answer["scope"], self.k.status()["scope_granted"])
        ends = datetime.fromisoformat(self.k.status()["expires_at"])
        self.assertEqual(answer["expires_at"], ends.timestamp())
        self.assertNotIn("refresh", json.dumps(answer))


class Rules(GatewayCase):

    def test_the_greeting(self) -> None:
        version = self.k.must("version")["version"]
        for path, role in ((self.k.socket, "get"), (self.k.home / "admin", "admin")):
            with Client(path) as client:
                self.assertEqual(client.greeting,
                                 GREETING | {"version": version, "role": role})

    def test_what_is_no_greeting(self) -> None:
        for line, error in ((b'{"op":"get","min_valid":60}', "old_client"),
                            (b'{"op":"console"}', "old_client"),
                            (b'{"tokenkeeper":1}', "wrong_version"),
                            (b'{"tokenkeeper":"2"}', "no_greeting"),
                            (b'{"tokenkeeper":-2}', "no_greeting"),
                            (b"{}", "no_greeting"), (b"[]", "no_greeting"), (b"2", "no_greeting"),
                            (b"", "no_greeting"), (b"GET / HTTP/1.1", "no_greeting"),
                            (b"\0\xff", "no_greeting"), (b"[" * 1000, "no_greeting"),
                            (b"x" * 5000, "line_too_long")):
            with self.subTest(line[:30]), Client(self.k.socket, greet=False) as client:
                client.send(line + b"\n")
                answer = json.loads(client.file.readline())
                self.assertEqual((answer["ok"], answer["error"]), (False, error))
                self.assertGreater(len(answer["words"].split()), 4)
                self.assertTrue(client.ended())

    def test_what_is_no_request(self) -> None:
        with Client(self.k.socket) as client:
            for request, error, words in (
                    (b"nonsense\n", "not_json", "JSON"), (b"\n", "not_json", "JSON"),
                    (b'["get"]\n', "not_json", "JSON"), (b"[" * 1000 + b"\n", "not_json", "JSON"),
                    (b'{"op":"get"\n', "not_json", "JSON"),
                    ({}, "unknown_op", "op"), ({"op": "dance"}, "unknown_op", "'dance'"),
                    ({"op": ["get"]}, "wrong_type", "op"), ({"op": 7}, "wrong_type", "op"),
                    ({"op": None}, "wrong_type", "op"),
                    ({"op": "get", "ref": 7}, "wrong_type", "ref"),
                    ({"op": "get", "ref": "a\0b"}, "wrong_type", "ref"),
                    ({"op": "get", "min_valid": "60"}, "wrong_type", "min_valid"),
                    ({"op": "get", "min_valid": -1}, "wrong_type", "min_valid"),
                    ({"op": "get", "min_valid": 1.5}, "wrong_type", "min_valid"),
                    ({"op": "get", "min_valid": 2**32}, "wrong_type", "min_valid"),
                    ({"op": "get", "min_valid": True}, "wrong_type", "min_valid"),
                    ({"op": "get", "min_valid": None}, "wrong_type", "min_valid"),
                    ({"op": "get", "min_valid": [60]}, "wrong_type", "min_valid"),
                    ({"op": "get", "rejected": {"a": 1}}, "wrong_type", "rejected"),
                    ({"op": "get", "timeout": 3601}, "wrong_type", "timeout"),
                    ({"op": "get", "min_vaild": 60}, "unknown_member", "'min_vaild'"),
                    ({"op": "get", "ref": "a" * 900}, "no_such_ref", "ref"),
                    (b'{"op":"\xff\x80"}\n', "unknown_op", "'??'"),
                    (("{\"op\":\"a" + "\u00e9" * 30 + "\"}\n").encode(), "unknown_op", "'a????"),
                    ({"op": "get", "ask_pin": 1}, "unknown_member", "'ask_pin'"),
                    ({"op": "get", "index": 0}, "unknown_member", "'index'"),
                    (GREETING, "unknown_op", "op is missing")):
                with self.subTest(request):
                    answer = client.ask(request)
                    self.assertEqual((answer["ok"], answer["error"]), (False, error))
                    self.assertIn(words, answer["words"])
            self.assertEqual(client.ask({"op": "get"})["error"], "no_client")
            self.assertEqual(client.ask(b"x" * 5000 + b"\n")["error"], "line_too_long")
            self.assertTrue(client.ended())

    def test_a_line_that_comes_byte_by_byte(self) -> None:
        with Client(self.k.socket, greet=False) as client:
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
            for byte in json.dumps(GREETING).encode() + b'\n{"op":"get"}\n':
                client.send(bytes([byte]))
            self.assertIn(b'"role"', client.file.readline())
            self.assertEqual(client.answer()["error"], "no_client")

    def test_clients_that_leave_at_any_byte(self) -> None:
        text = json.dumps(GREETING).encode() + b'\n{"op":"get"}\n'
        for length in range(len(text)):
            with Client(self.k.socket, greet=False) as client:
                client.send(text[:length])
                client.socket.shutdown(socket.SHUT_WR)
        self.assertEqual(self.k.get().returncode, 5)

    def test_a_client_that_does_not_read(self) -> None:
        with Client(self.k.socket) as client:
            client.socket.settimeout(PATIENT_S)
            with self.assertRaises(ConnectionError):
                while True:
                    client.send(b'{"op":"get"}\n' * 1000)
        self.assertEqual(self.k.get().returncode, 5)

    def test_a_program_of_0_1_says_why(self) -> None:
        """As its `get` did: one line out, one line in, `error` and `words` are printed."""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(PATIENT_S)
            s.connect(str(self.k.socket))
            s.sendall(b'{"op":"get","timeout":5}\n')
            answer = json.loads(s.makefile().readline())
        self.assertEqual((answer["error"], answer["exit"]), ("old_client", 2))

    def test_a_service_of_0_1(self) -> None:
        path = self.k.home / "old"
        with socket.socket(socket.AF_UNIX) as old:
            old.bind(str(path))
            old.listen()
            with subprocess.Popen([self.k.command_line[0], "get", "--socket", path],
                                  stderr=subprocess.PIPE, text=True) as client:
                service, _ = old.accept()
                service.recv(1024)
                service.sendall(b'{"ok":false,"error":"usage","words":"no","exit":2}\n')
                _, errors = client.communicate(timeout=PATIENT_S)
                service.close()
        self.assertEqual((client.returncode, errors), (2, "tokenkeeper: usage: no\n"))


if __name__ == "__main__":
    unittest.main()
