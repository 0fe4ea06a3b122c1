# SPDX-License-Identifier: Apache-2.0
"""No number of clients keeps a plain `get` or the administrator out."""

import contextlib
import grp
import json
import os
import resource
import select
import socket
import subprocess
import unittest

from keeper import PYTHON, ProvisionedCase
from protocol import GREETING, Client

WAITING_OF_A_USER = 24


class StalledCase(ProvisionedCase):
    """A second account, which can be made to wait for a refresh."""

    keeper_options = {"clock": "synchronized"}  # no Date confirms it once servers stall
    WAIT = {"op": "get", "ref": "second", "rejected": 1, "timeout": 60}

    def stall_refreshes(self) -> None:
        self.k.must("ref add second")
        self.k.configure()
        self.k.must(f"auth code {self.k.redirect()}")
        self.restart()
        self.b24.fault("oauth", "stall_at", byte=0, count=-1)


class Crowds(StalledCase):

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
        text = b"".join(json.dumps(request).encode() + b"\n" for request in requests)
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

    def test_silent_clients(self) -> None:
        for count in (24, 100, self.most):
            self.crowd(count)
            self.assert_served()

    def test_clients_between_requests(self) -> None:
        self.crowd(200, GREETING, {"op": "get"})
        self.assert_served()

    def test_clients_that_wait(self) -> None:
        self.stall_refreshes()
        for count in (24, 100, 1000):
            self.crowd(count, GREETING, self.WAIT)
            self.assert_served()
        with Client(self.k.socket) as client:  # one more cannot wait
            self.assertEqual(client.ask(self.WAIT)["error"], "try_later")

    def test_one_that_rejects_the_token_of_others(self) -> None:
        self.restart()
        self.b24.fault("oauth", "stall_at", byte=0, count=-1)
        with Client(self.k.socket) as client:
            client.send({"op": "get", "rejected": 1, "timeout": 60})
            done = self.k.get("--timeout", "1")
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertEqual(select.select([client.socket], [], [], 0), ([], [], []))

    def test_urgent_data(self) -> None:
        """Which poll reports until it is read."""
        self.stall_refreshes()
        for before in (b"", json.dumps(GREETING).encode() + b"\n",
                       b"".join(json.dumps(r).encode() + b"\n" for r in (GREETING, self.WAIT))):
            with self.subTest(before), Client(self.k.socket, greet=False) as client:
                client.send(before)
                if before:
                    client.file.readline()
                try:
                    client.socket.send(b"!", socket.MSG_OOB)
                except OSError as error:
                    self.skipTest(f"no urgent data here: {error}")
                self.assertTrue(client.ended())

    def test_those_that_wait_keep_their_place(self) -> None:
        self.stall_refreshes()
        clients = [self.stack.enter_context(Client(self.k.socket))
                   for _ in range(WAITING_OF_A_USER)]
        for client in clients:
            client.send(self.WAIT | {"timeout": 3})
        self.crowd(200)
        self.assert_served()
        self.assertEqual(select.select([c.socket for c in clients], [], [], 0), ([], [], []))
        for client in clients:
            self.assertEqual(client.answer()["exit"], 6)

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


# Opens argv[2] connections to the socket argv[1], sends argv[3] on each, and holds them.
HOLD = """
import socket, sys
held = [socket.socket(socket.AF_UNIX) for _ in range(int(sys.argv[2]))]
for s in held:
    s.connect(sys.argv[1])
    s.sendall(sys.argv[3].encode())
print(flush=True)
sys.stdin.read()
"""


@unittest.skipUnless(os.geteuid() == 0, "needs root to run as other users")
class Users(StalledCase):
    keeper_options = StalledCase.keeper_options | {"options": ("--socket-group", "games")}

    def hold(self, uid: int, count: int, text: str) -> None:
        """Connects as this uid, which need not be in the password file."""
        holder = subprocess.Popen([PYTHON, "-c", HOLD, str(self.k.socket), str(count), text],
                                  user=uid, group=grp.getgrnam("games").gr_gid, extra_groups=(),
                                  cwd="/", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(holder.communicate)
        holder.stdout.readline()

    def test_the_one_with_most_connections_gives_way(self) -> None:
        with contextlib.ExitStack() as stack:
            ours = [stack.enter_context(Client(self.k.socket)) for _ in range(20)]
            self.hold(5001, 500, "")
            self.hold(5002, 500, '{"tokenkeeper":2}\n')
            for client in ours:
                self.assertTrue(client.ask({"op": "get"})["ok"])

    def test_all_that_wait(self) -> None:
        self.stall_refreshes()
        wait = json.dumps(GREETING) + "\n" + json.dumps(self.WAIT) + "\n"
        self.hold(5001, 100, wait)
        self.assertEqual(self.k.get("--timeout", "5").returncode, 0)
        with Client(self.k.socket) as client:
            client.send(self.WAIT)
            self.assertEqual(self.k.get("--timeout", "5").returncode, 0)
            self.assertEqual(select.select([client.socket], [], [], 0), ([], [], []),
                             "another user's request could not wait")
        for uid in (5002, 5003, 5004, 5005):
            self.hold(uid, 24, wait)
            self.assertEqual(self.k.get("--timeout", "5").returncode, 0)


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
