# SPDX-License-Identifier: Apache-2.0
"""No number of clients keeps a plain `get` or the administrator out."""

import contextlib
import resource
import socket
import unittest

from keeper import ProvisionedCase
from protocol import GREETING, Client

WAITING_OF_A_USER = 24


class Crowds(ProvisionedCase):

    def setUp(self) -> None:
        super().setUp()
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.most = min(10000, hard - 200)
        self.stack = contextlib.ExitStack()
        self.addCleanup(self.stack.close)

    def crowd(self, count: int, *requests: dict, name: str = "socket") -> list[socket.socket]:
        """Connections that read nothing, and close nothing."""
        text = b"".join(str(r).replace("'", '"').encode() + b"\n" for r in requests)
        clients = []
        for _ in range(count):
            s = self.stack.enter_context(socket.socket(socket.AF_UNIX))
            s.connect(str(self.k.home / name))
            with contextlib.suppress(ConnectionError):
                s.sendall(text)
            clients.append(s)
        return clients

    def assert_served(self) -> None:
        done = self.k.get("--timeout", "5")
        self.assertEqual(done.returncode, 0, done.stderr)
        done = self.k.run("console", input="@1 version\n")
        self.assertIn("@1 OK version=", done.stdout, done.stderr)

    def stall_refreshes(self) -> None:
        self.restart()
        self.b24.fault("oauth", "stall_at", byte=0, count=1)

    def test_silent_clients(self) -> None:
        for count in (24, 100, self.most):
            self.crowd(count)
            self.assert_served()

    def test_clients_between_requests(self) -> None:
        self.crowd(200, GREETING, {"op": "get"})
        self.assert_served()

    def test_clients_that_wait(self) -> None:
        self.stall_refreshes()
        request = {"op": "get", "min_valid": 3600, "timeout": 60}
        for count in (24, 100, 1000):
            self.crowd(count, GREETING, request)
            self.assert_served()
        with Client(self.k.socket) as client:  # one more cannot wait: it gets what there is
            self.assertEqual(client.ask(request)["short"], True)
        self.assertEqual(len(self.requests("refresh")), 1)

    def test_those_that_wait_keep_their_place(self) -> None:
        self.stall_refreshes()
        request = {"op": "get", "min_valid": 3600, "timeout": 4}
        clients = [self.stack.enter_context(Client(self.k.socket))
                   for _ in range(WAITING_OF_A_USER)]
        for client in clients:
            client.send(request)
        self.crowd(200)
        self.assert_served()
        for client in clients:
            self.assertTrue(client.answer()["ok"])

    def test_silent_administrators(self) -> None:
        self.crowd(100, name="admin")
        self.assert_served()

    def test_consoles_that_are_held_open(self) -> None:
        held = [self.stack.enter_context(Client(self.k.home / "admin")) for _ in range(3)]
        for client in held:
            self.assertTrue(client.ask({"op": "console"})["ok"])
        self.k.pass_time(2)
        self.assert_served()
        said = [self.last_words(client) for client in held]
        self.assertEqual(sum(b"event=ended" in words for words in said), 1)
        self.assertEqual(sum(b"@5 OK" in words for words in said), 2)  # the others go on

    @staticmethod
    def last_words(client: Client) -> bytes:
        """What a console answers to a command, or its end."""
        said = b""
        with contextlib.suppress(ConnectionError):
            client.send(b"@5 version\n")
        while b"@5 OK" not in said and (line := client.file.readline()):
            said += line
        return said

    def test_a_console_that_takes_a_place_inherits_nothing(self) -> None:
        held = [self.stack.enter_context(Client(self.k.home / "admin")) for _ in range(3)]
        self.k.must("ref add second")
        for client in held:
            self.assertTrue(client.ask({"op": "console"})["ok"])
            client.send(b"@1 ref second\nset client_id evi")
            while not client.file.readline().startswith(b"@1 OK"):
                continue
        self.k.pass_time(2)
        done = self.k.run("console", input="@2 status\n")
        self.assertIn("@2 ref=token", done.stdout)


class Descriptors(ProvisionedCase):
    """A process that may open few files."""

    def test_clients_beyond_them(self) -> None:
        pid = self.k.process.pid
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (24, 256))
        with contextlib.ExitStack() as stack:
            for _ in range(60):
                stack.enter_context(socket.socket(socket.AF_UNIX)).connect(str(self.k.socket))
            self.assertEqual(self.k.get("--timeout", "5").returncode, 0)
            self.assertIn("@1 OK", self.k.run("console", input="@1 version\n").stdout)


class Timeout(ProvisionedCase):

    def test_it_covers_connecting(self) -> None:
        """A service that accepts nothing, with a full queue."""
        path = self.k.home / "full"
        with contextlib.ExitStack() as stack:
            service = stack.enter_context(socket.socket(socket.AF_UNIX))
            service.bind(str(path))
            service.listen(0)
            while True:
                client = stack.enter_context(socket.socket(socket.AF_UNIX))
                client.setblocking(False)
                if client.connect_ex(str(path)) != 0:
                    break
            done = self.k.get("--timeout", "1", "--socket", str(path))
            self.assertEqual(done.returncode, 6)
            self.assertIn("did not answer in time", done.stderr)


if __name__ == "__main__":
    unittest.main()
