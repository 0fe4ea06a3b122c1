# SPDX-License-Identifier: Apache-2.0
"""What a terminal does at the console: leaving it, stopping the service, a cable that is pulled."""

import os
import pty
import termios
import tty

from keeper import PROGRAM, GatewayCase
from terminals import Terminal


class AtATerminal(GatewayCase):
    keeper_options = {"start": False}

    def run_service(self) -> Terminal:
        terminal = Terminal("run", "--flash", str(self.k.flash), env=self.k.env)
        self.addCleanup(terminal.__exit__)
        terminal.wait("tk> ")
        return terminal

    def test_the_service_says_how_it_is_stopped(self) -> None:
        terminal = self.run_service()
        first = terminal.seen.splitlines()[0]
        self.assertRegex(first, "^tokenkeeper: type help; Ctrl-C twice stops .* renewal")
        self.assertLessEqual(len(first), 80)

    def test_two_interrupts_stop_the_service(self) -> None:
        terminal = self.run_service()
        at = len(terminal.seen)
        terminal.type("set sco\x03")
        at = terminal.wait("^C", at)
        for key in ("\x03", "\x04", "exit\r", "Quit\r", "\x03"):
            terminal.type(key)
            at = terminal.wait("Ctrl-C twice stops the service", at)
        self.assertNotIn("unknown_command", terminal.seen)
        terminal.type("version\r")
        terminal.wait("OK version", at)
        terminal.type("\x03\x03")
        self.assertEqual(terminal.wait_end(), 0)
        self.assertTrue(terminal.echoes())

    def test_much_that_is_typed_at_once_is_kept(self) -> None:
        terminal = self.run_service()
        terminal.type("".join(f"@{i} version\r" for i in range(300)))
        at = 0
        for i in range(300):
            at = terminal.wait(f"@{i} OK version", at)

    def test_in_the_background_there_is_no_console(self) -> None:
        command = ("bash", "-mc", '"$0" run --flash "$1" & read -r; kill %1; wait %1', PROGRAM,
                   str(self.k.flash))
        with Terminal(env=self.k.env, command=command) as terminal:
            terminal.wait("in the background: no console here")
            self.assertEqual(self.k.run("status").returncode, 5)
            terminal.type("\n")
            self.assertEqual(terminal.wait_end(), 0)

    def test_a_console_that_the_service_closes(self) -> None:
        self.k.start()
        with Terminal("console", env=self.k.env) as terminal:
            terminal.wait("tk> ")
            self.k.end()
            terminal.wait("the service has closed this console")
            self.assertEqual(terminal.wait_end(), 0)

    def test_ways_to_leave_a_console(self) -> None:
        self.k.start()
        for keys in ("exit\r", "QUIT\r", "exis\x7ft\n", "junk\x15exit\r", "junk\x03exit\r", "\x04",
                     "\x1d", "\x03\x03", "half\x1d"):
            with self.subTest(keys), Terminal("console", env=self.k.env) as terminal:
                terminal.wait("type help; exit or Ctrl-] leaves")
                terminal.wait("tk> ")
                terminal.type(keys)
                self.assertEqual(terminal.wait_end(), 0)
                self.assertTrue(terminal.echoes())
        self.assertEqual(self.k.must("version")["board"], "host")

    def test_what_does_not_leave_a_console(self) -> None:
        self.k.start()
        with Terminal("console", env=self.k.env) as terminal:
            at = terminal.wait("tk> ")
            for keys in ("exits\r", "set scope exit\r", "e\x1b[Dxit\r", "half\x03", "x\x04\r", "\x03",
                         "exitexit\r"):
                terminal.type(keys + "@7 version\r")
                at = terminal.wait("@7 OK version", at)


class Unplugged(GatewayCase):
    """The adapter of the console's serial line is pulled and put back."""

    keeper_options = {"start": False}

    def plug(self) -> None:
        self.ours, self.kept = pty.openpty()
        tty.setraw(self.kept)
        self.link.unlink(missing_ok=True)
        self.link.symlink_to(os.ttyname(self.kept))

    def pull(self) -> None:
        self.link.unlink()
        os.close(self.kept)
        os.close(self.ours)

    def must_answer(self) -> None:
        os.write(self.ours, b"@9 version\r")
        seen = b""
        while b"@9 OK version=" not in seen:
            seen += os.read(self.ours, 4096)
        speed = termios.tcgetattr(self.ours)[4]
        self.assertEqual(speed, termios.B115200)

    def test_the_console_is_opened_again_and_that_is_said(self) -> None:
        self.link = self.k.home / "tty"
        self.plug()
        self.k.command_line[self.k.command_line.index("stdio")] = str(self.link)
        self.k.start(hello=False)
        self.must_answer()
        for count in (1, 2):
            self.pull()
            self.k.wait_for(lambda: self.said("lost") == count)
            self.plug()
            self.k.wait_for(lambda: self.said("opened") == count)
            self.must_answer()
        self.assertEqual(self.k.end(), 0)
        self.pull()

    def said(self, event: str) -> int:
        return self.k.errors().count(f"EVT console event={event} device={self.link}\n")

    def test_a_device_that_is_not_there_at_the_start(self) -> None:
        done = self.k.run("run", "--flash", str(self.k.flash), "--console", "/dev/missing")
        self.assertEqual(done.returncode, 2)
        self.assertIn("check the cable", done.stderr)
