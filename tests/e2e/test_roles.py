# SPDX-License-Identifier: Apache-2.0
"""Who may do what: members of the consumers' group, administrators, the access file."""

import grp
import json
import os
import pwd
import re
import select
import shutil
import stat
import subprocess
import time
import unittest

from keeper import PATIENT_S, PROGRAM, PYTHON, ROOT, GatewayCase, secrets_of
from protocol import GREETING, Client

GROUP = grp.getgrnam("games")
OTHER = pwd.getpwnam("nobody")
CONSOLE = (ROOT / "core/console/tk_commands.h").read_text()

# Sends each line to the socket argv[1] after a greeting, and prints all that comes back.
SCRIPT = """
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.settimeout(30)
try:
    s.connect(sys.argv[1])
    s.sendall(sys.stdin.buffer.read())
    s.shutdown(socket.SHUT_WR)
    while data := s.recv(4096):
        sys.stdout.buffer.write(data)
except OSError as error:
    print(type(error).__name__)
"""


def command_names() -> list[str]:
    """All commands of the console."""
    return re.findall(r'^TK_COMMAND\(\s*"([a-z -]+)"', CONSOLE, re.M)


@unittest.skipUnless(os.geteuid() == 0, "needs root to run as another user")
class Consumers(GatewayCase):
    keeper_options = {"options": ("--socket-group", GROUP.gr_name)}

    def as_other(self, *command: str, groups: tuple[int, ...] = (GROUP.gr_gid,),
                 text: str = "") -> subprocess.CompletedProcess:
        return subprocess.run(command, env=self.k.env, cwd="/", user=OTHER.pw_uid,
                              group=OTHER.pw_gid, extra_groups=groups, input=text,
                              capture_output=True, text=True, timeout=PATIENT_S, check=False)

    def program(self, *arguments: str, **options) -> subprocess.CompletedProcess:
        copy = self.k.home / "program"
        if not copy.exists():
            shutil.copy(PROGRAM, copy)
            copy.chmod(0o755)
        return self.as_other(str(copy), *arguments, **options)

    def exchange(self, path, *lines: str) -> str:
        return self.as_other(PYTHON, "-c", SCRIPT, str(path),
                             text="".join(line + "\n" for line in lines)).stdout

    def state(self) -> list[str]:
        """All that a consumer must not change."""
        shown = self.k.must("show").lines + self.k.must("ca list").lines + self.k.must("ref").lines
        return shown + [self.k.status()[key] for key in ("state", "generation", "user_id")]

    def test_members_of_the_group_get_tokens(self) -> None:
        self.k.provision()
        mode = self.k.socket.stat()
        self.assertEqual((stat.S_IMODE(mode.st_mode), mode.st_gid), (0o660, GROUP.gr_gid))
        token = self.k.get().stdout
        self.assertEqual(self.program("get").stdout, token)
        self.assertEqual(self.program("get", groups=()).returncode, 3)
        self.assertIn(f"uid={OTHER.pw_uid} pid=", self.k.errors())
        self.assertEqual(stat.S_IMODE(self.k.flash.stat().st_mode), 0o600)

    def test_nothing_but_tokens(self) -> None:
        """Every request and every command of the console, at both sockets: no secret comes back,
        and nothing changes."""
        self.k.provision()
        before = self.state()
        token = self.k.get().stdout.strip()
        ops = [json.dumps({"op": op}) for op in ("get", "console", "call", "do", "status", "stop")]
        commands = [f"@{i} {name} x" for i, name in enumerate(command_names(), 1)]
        self.assertGreater(len(commands), 20)
        commands += ["@90 auth forget", "@91 auth refresh", "@92 set scope evil", "@93 token",
                     "@94 set escalate_url https://evil.example/", "@95 reboot",
                     "@96 ca add begin", "@97 ref add evil", "@98 auth begin"]
        greeting = json.dumps(GREETING)
        for path, lines in ((self.k.socket, [greeting, *ops, *commands]),
                            (self.k.socket, [greeting, *(json.dumps({"op": "console"})
                                                         + "\n" + line for line in commands)]),
                            (self.k.socket, commands),
                            (self.k.home / "admin", [greeting, *ops, *commands])):
            said = self.exchange(path, *lines)
            self.assertTrue(said)
            found = [secret for secret in secrets_of(self.b24) if secret in said]
            self.assertLessEqual(set(found), {token})
            self.assertNotRegex(said, r"(?m)^@\d+ ")
        self.assertEqual(said, "PermissionError\n")
        done = self.program("console", text="@1 version\n")
        self.assertEqual((done.returncode, done.stdout), (3, ""))
        self.assertEqual(self.state(), before)
        self.assertRegex(self.k.errors(), rf"uid={OTHER.pw_uid} pid=\d+ refused: console")

    def test_the_console_is_where_administrators_are(self) -> None:
        self.assertEqual(self.exchange(self.k.socket, json.dumps(GREETING), '{"op":"console"}')
                         .count('"not_allowed"'), 1)
        with Client(self.k.socket) as client:  # also for root
            self.assertEqual(client.ask({"op": "console"})["error"], "not_allowed")
        done = self.k.run("console", input="@1 version\n")
        self.assertIn("@1 OK", done.stdout)
        self.assertRegex(self.k.errors(), r"uid=0 pid=\d+ console=1 opened")
        self.k.wait_for(lambda: re.search(r"uid=0 pid=\d+ console=1 closed", self.k.errors()))

    def test_a_terminal_that_others_can_reach_asks_for_the_pin(self) -> None:
        self.k.provision()
        self.k.must("set console_pin 271828")
        for options, answer in (((), "@1 OK access_token="), (("--ask-pin",), "@1 ERR pin_needed")):
            done = self.k.run("console", *options, input="@1 token\n")
            self.assertIn(answer, done.stdout)
        done = self.k.run("console", "--ask-pin", input="@1 pin 271828\n@2 token\n")
        self.assertIn("@2 OK access_token=", done.stdout)

    def test_events_as_json(self) -> None:
        with Client(self.k.socket) as client:
            self.assertEqual(client.ask({"op": "events"})["error"], "not_allowed")
        events = subprocess.Popen([PROGRAM, "events"], env=self.k.env, stdout=subprocess.PIPE,
                                  text=True)
        try:
            self.k.wait_for(lambda: self.k.run("console", input="@1 set renew 30m\n") and
                            select.select([events.stdout], [], [], 0)[0])
            seen = json.loads(events.stdout.readline())
            self.assertLess(abs(seen.pop("time") - time.time()), 60)
            self.assertTrue(seen.pop("pid").isdigit())
            self.assertEqual(seen, {"kind": "security", "uid": str(os.getuid()), "console": "1",
                                    "event": "set", "ref": "token", "key": "renew"})
            self.k.must("set renew 31m")  # at the service's own terminal
            while (seen := json.loads(events.stdout.readline()))["console"] == "1":
                continue  # it was set more often until the first event came
            self.assertEqual((seen["console"], seen["event"], seen["key"]), ("0", "set", "renew"))
            self.k.provision()
            while (seen := json.loads(events.stdout.readline())).get("state") != "ready":
                self.assertIn(seen["kind"], ("security", "state"))
            self.assertEqual((seen["kind"], seen["ref"], seen["generation"]),
                             ("state", "token", "1"))
        finally:
            events.kill()
            events.communicate()

    def test_changes_are_reported_without_their_values(self) -> None:
        done = self.k.run("console", input="@1 set client_secret s3cret0of0this0test\n@2 history "
                          "--security\n")
        self.assertRegex(self.k.errors(), rf"security uid={os.getuid()} pid=\d+ console=1 "
                         r"event=set ref=token key=client_secret\n")
        self.assertIn(" event=set ref=token key=client_secret count=1", done.stdout)
        self.assertNotIn("s3cret0of", self.k.errors() + done.stdout)

    def test_an_administrator_trusts_no_service_of_another_user(self) -> None:
        evil = self.k.home / "evil"
        evil.mkdir()
        os.chown(evil, OTHER.pw_uid, OTHER.pw_gid)
        with subprocess.Popen(
                [PYTHON, "-c", "import socket, sys\n"
                 "s = socket.socket(socket.AF_UNIX)\ns.bind(sys.argv[1])\ns.listen()\n"
                 "print(flush=True)\nc, _ = s.accept()\nprint(c.recv(1000), flush=True)",
                 str(evil / "admin")], user=OTHER.pw_uid, group=OTHER.pw_gid, extra_groups=(),
                stdout=subprocess.PIPE, text=True, cwd="/") as fake:
            fake.stdout.readline()
            done = self.k.run("console", "--socket", str(evil / "socket"), input="secret\n")
            self.assertEqual(done.returncode, 3)
            self.assertIn(str(evil), done.stderr)
            self.assertEqual(fake.stdout.readline(), "b''\n")

    def test_the_directory_of_administrators(self) -> None:
        for mode in (0o775, 0o757, 0o1777):
            shared = self.k.home / f"{mode:o}"
            shared.mkdir()
            shared.chmod(mode)
            done = self.k.run("run", "--flash", str(shared / "flash"), "--console", "none",
                              "--socket", str(shared / "socket"))
            self.assertEqual(done.returncode, 2)
            self.assertIn("chmod go-w", done.stderr)
            self.assertFalse((shared / "socket").exists())


@unittest.skipUnless(os.geteuid() == 0, "needs root to run as another user")
class AccessFile(Consumers):
    """The same, and what the file permits."""

    def setUp(self) -> None:
        super().setUp()
        self.file = self.k.home / "access"
        self.file.write_text(f"group {GROUP.gr_name} accounts=token get\n")
        self.k.end()
        self.k.command_line += ["--access", str(self.file)]
        self.k.start()

    def restart(self, text: str) -> None:
        self.k.end()
        self.file.write_text(text)
        self.k.start()

    def test_accounts(self) -> None:
        self.k.provision()
        self.k.must("ref add second")
        for text, token, second in (
                (f"user {OTHER.pw_name} accounts=token get\n", 0, 5),
                (f"user {OTHER.pw_uid} accounts=second get\n", 5, 5),
                (f"# all\n\nuser {OTHER.pw_name}\taccounts=*  get # of them\n", 0, 5),
                (f"group {GROUP.gr_gid} accounts=second,token get call=crm.*\n", 0, 5),
                (f"group {GROUP.gr_name} accounts=* call=crm.*,user.current\n", 5, 5),
                ("user root accounts=* get\n", 5, 5), ("", 5, 5)):
            with self.subTest(text):
                self.restart(text)
                for ref, status in ((None, token), ("token", token), ("second", second)):
                    done = self.program("get", *(["--ref", ref] if ref else []))
                    self.assertEqual(done.returncode, status, done.stderr)
                    self.assertEqual("not_allowed" in done.stderr,
                                     status == 5 and "needs_code" not in done.stderr
                                     and "no_client" not in done.stderr)
                self.assertEqual(self.k.get().returncode, 0)  # the service's own user and root

    def test_what_it_does_not_permit_is_named(self) -> None:
        self.k.provision()
        self.restart(f"group {GROUP.gr_name} accounts=second get\n")
        done = self.program("get")
        self.assertEqual(done.returncode, 5)
        self.assertIn("not_allowed", done.stderr)
        self.assertRegex(self.k.errors(), rf"uid={OTHER.pw_uid} pid=\d+ refused: get")

    def test_invalid_files(self) -> None:
        self.k.end()
        for text, mode, words in (("user root get\n", 0o600, "access:1: missing 'accounts='"),
                                  ("\n# x\nuser root accounts=*\n", 0o600, "access:3: "),
                                  ("user no-such-user accounts=* get\n", 0o600, "unknown user"),
                                  ("", 0o620, "chmod go-w"), ("", 0o602, "chmod go-w")):
            with self.subTest(text):
                self.file.write_text(text)
                self.file.chmod(mode)
                done = self.k.run(*self.k.command_line[1:])
                self.assertEqual(done.returncode, 2)
                self.assertIn(words, done.stderr)


class Modes(GatewayCase):
    """Files that others may read or write."""

    keeper_options = {"start": False, "console": "none"}

    def test_a_flash_file_that_others_may_read(self) -> None:
        self.k.start()
        self.k.end()
        for mode in (0o644, 0o640, 0o620, 0o604, 0o602):
            self.k.flash.chmod(mode)
            done = self.k.run(*self.k.command_line[1:])
            self.assertEqual(done.returncode, 2)
            self.assertIn("chmod 600", done.stderr)
        self.k.flash.chmod(0o600)
        self.k.start()
        self.assertEqual(self.k.get().returncode, 5)

    def test_roots_that_others_may_write(self) -> None:
        roots = self.k.home / "roots.pem"
        shutil.copy(self.b24.ca, roots)
        roots.chmod(0o664)
        self.k.command_line[self.k.command_line.index("--ca") + 1] = str(roots)
        done = self.k.run(*self.k.command_line[1:])
        self.assertEqual(done.returncode, 2)
        self.assertIn("chmod go-w", done.stderr)


if __name__ == "__main__":
    unittest.main()
