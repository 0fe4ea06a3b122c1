# SPDX-License-Identifier: Apache-2.0
"""The host program as a service: without a console, with other users, one service per flash."""

import os
import re
import signal
import socket
import stat
import subprocess
import threading
import unittest

from keeper import PATIENT_S, PROGRAM, GatewayCase


class Headless(GatewayCase):
    keeper_options = {"console": "none"}

    def console(self, *commands: str) -> str:
        done = self.k.run("console", input="".join(f"@{i} {command}\n" for i, command
                                                   in enumerate(commands, 1)))
        self.assertEqual(done.returncode, 0, done.stderr)
        for i in range(1, len(commands) + 1):
            self.assertRegex(done.stdout, rf"(?m)^@{i} OK")
        return done.stdout

    def provision(self) -> None:
        b24 = self.b24
        self.console(f"set portal {b24.portal}", f"set client_id {b24.client_id}",
                     f"set client_secret {b24.client_secret}", f"set auth_host {b24.oauth}")
        out = self.console(f"auth code {b24.code()['code']}")
        self.assertIn("state=ready generation=1", out)

    def test_provisioned_through_console(self) -> None:
        self.provision()
        self.assertEqual(self.k.get().returncode, 0)

    def test_the_sockets_are_private_to_the_user(self) -> None:
        for path in (self.k.socket, self.k.home / "admin"):
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)

    def test_a_start_is_reported_in_one_line(self) -> None:
        self.provision()
        self.k.end()
        self.k.start()
        started = "tokenkeeper: version="
        self.k.wait_for(lambda: self.k.errors().count(started) == 2)
        start = started + self.k.errors().rpartition(started)[2].partition("\n")[0]
        version = re.search(r"version=(\S+)", self.console("version"))[1]
        self.assertEqual(start, f"tokenkeeper: version={version} accounts=token:ready "
                         f"console=none socket={self.k.socket} group=none access=none "
                         f"admin={self.k.home}/admin seal=none")

    def test_a_second_service_on_the_same_flash(self) -> None:
        done = self.k.run("run", "--flash", str(self.k.flash), "--socket",
                          str(self.k.home / "second"), "--console", "none")
        self.assertEqual(done.returncode, 75)
        self.assertIn("flash_busy", done.stderr)
        self.assertEqual(self.k.get().returncode, 5, "the first service is still running")

    def test_the_socket_of_a_running_service_is_not_replaced(self) -> None:
        done = self.k.run("run", "--flash", str(self.k.home / "other.bin"), "--socket",
                          str(self.k.socket), "--console", "none")
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(self.k.get().returncode, 5, "the first service is still running")

    def test_a_stale_socket_is_replaced(self) -> None:
        self.k.kill()
        self.assertTrue(self.k.socket.exists())
        self.k.start()
        self.k.wait_for(lambda: self.k.get().returncode == 5)

    def test_a_file_in_place_of_the_socket_is_kept(self) -> None:
        path = self.k.home / "precious"
        path.write_text("mine")
        done = self.k.run("run", "--flash", str(self.k.home / "other.bin"), "--socket", str(path),
                          "--console", "none")
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(path.read_text(), "mine")

    def test_sigterm(self) -> None:
        self.provision()
        self.assertEqual(self.k.end(), 0)
        self.assertFalse(self.k.socket.exists())
        self.k.start()
        self.k.wait_for(lambda: self.k.get().returncode == 0)

    def test_two_consoles_at_once(self) -> None:
        outputs = []

        def session() -> None:
            outputs.append(self.k.run("console", input="@7 version\n@8 ref\n").stdout)

        threads = [threading.Thread(target=session) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for output in outputs:
            self.assertIn("@7 OK version=", output)
            self.assertIn("@8 OK", output)


class Console(GatewayCase):

    def test_end_of_input_detaches_the_console(self) -> None:
        self.k.provision()
        self.k.close_input()
        for _ in range(2):  # the pass that serves the first one also handles the end of input
            self.assertEqual(self.k.get().returncode, 0)
        self.assertIsNone(self.k.process.poll())

    def test_a_reader_that_closes(self) -> None:
        done = subprocess.run(f"yes version | {PROGRAM} console | head -c 5 >/dev/null", shell=True,
                              env=self.k.env, timeout=PATIENT_S, check=False)
        self.assertEqual(done.returncode, 0)
        self.assertTrue(self.k.must("version")["version"])

    def test_a_script_longer_than_any_buffer(self) -> None:
        count = 5000
        done = self.k.run("console", input="".join(f"@{i} time\n" for i in range(1, count + 1)))
        self.assertEqual(done.stdout.count(" OK time="), count)

    def test_a_script_may_answer_prompts(self) -> None:
        done = self.k.run("console", input="set client_secret\nsecond0secret0of0this\n"
                          "set escalate_url\n\nshow\n")
        self.assertEqual(done.returncode, 0)
        self.assertIn("OK client_secret_len=21 ", done.stdout)
        self.assertIn("ERR need_value", done.stdout)
        self.assertIn("client_secret=len=21", done.stdout, "the last command was not answered")

    def test_an_unterminated_last_line_is_reported_and_not_run(self) -> None:
        done = self.k.run("console", input="set scope crm\nset scope us")
        self.assertEqual(done.returncode, 2)
        self.assertIn("OK scope=crm", done.stdout)
        self.assertIn("the last line", done.stderr)
        self.assertEqual(self.k.must("show")["scope"], "crm")

    def test_reboot_restarts_from_flash(self) -> None:
        self.k.provision()
        start = self.k.type(b"@99 reboot\n")
        self.k.out.wait("EVT hello", start)
        status = self.k.status()
        self.assertEqual((status["state"], status["generation"]), ("ready", "1"))
        self.assertIsNone(self.k.process.poll())

    def test_factory_reset_erases_everything(self) -> None:
        self.k.provision()
        device = self.k.must("version")["id"]
        self.assert_error(self.k.command("factory-reset 0000x"), "wrong_id")
        self.assertEqual(self.k.status()["state"], "ready")
        start = self.k.type(f"@98 factory-reset {device[-4:]}\n".encode())
        self.k.out.wait("EVT hello", start)
        status = self.k.status()
        self.assertEqual((status["state"], status["generation"]), ("no_client", "0"))
        flash = self.k.flash.read_bytes()
        self.assertNotIn(self.b24.client_secret.encode(), flash)

    def test_selftest(self) -> None:
        self.assertTrue(self.k.must("selftest").ok)

    def test_two_accounts(self) -> None:
        self.k.provision()
        self.k.must("ref add second")
        self.k.configure()
        self.k.must(f"auth code {self.b24.code()['code']}")
        first, second = self.k.get_json(), self.k.get_json("--ref", "second")
        self.assertNotEqual(first["access_token"], second["access_token"])
        self.assertEqual((first["ref"], second["ref"]), ("token", "second"))
        self.assert_error(self.k.command("ref del second"), "in_use")
        self.k.must("auth forget")
        self.k.must("ref del second")
        self.assertEqual(self.k.get("--ref", "second").returncode, 4)
        self.assertEqual(self.k.get_json()["access_token"], first["access_token"])

    def test_settings_in_use_by_a_pair(self) -> None:
        self.k.provision()
        for command in ("set portal other", "set client_id local.1"):
            self.assert_error(self.k.command(command), "in_use", "auth forget")
        self.k.must(f"set client_secret {self.b24.client_secret}")
        self.assertEqual(self.k.status()["state"], "ready")
        self.k.must("auth forget")
        self.assertEqual(self.k.status()["state"], "needs_code")
        self.k.must("set portal other")


class Pty(GatewayCase):
    keeper_options = {"start": False}

    def test_creates_a_terminal(self) -> None:
        link = self.k.home / "tty"
        self.k.command_line[self.k.command_line.index("stdio")] = f"pty={link}"
        self.k.start(hello=False)
        self.k.wait_for(link.exists)
        fd = os.open(link, os.O_RDWR | os.O_NOCTTY)
        try:
            os.write(fd, b"@1 version\n")
            seen = b""
            while b"@1 OK version=" not in seen:
                seen += os.read(fd, 4096)
        finally:
            os.close(fd)
        fd = os.open(link, os.O_RDWR | os.O_NOCTTY)
        os.write(fd, b"@2 version\n")
        while b"@2 OK version=" not in seen:
            seen += os.read(fd, 4096)
        os.close(fd)
        self.assertEqual(self.k.end(), 0)
        self.assertFalse(os.path.lexists(link))

    def test_a_file_in_place_of_the_link_is_kept(self) -> None:
        precious = self.k.home / "precious"
        precious.write_text("mine")
        done = self.k.run("run", "--flash", str(self.k.flash), "--socket", str(self.k.socket),
                          "--console", f"pty={precious}")
        self.assertEqual(done.returncode, 2)
        self.assertIn(str(precious), done.stderr)
        self.assertEqual(precious.read_text(), "mine")

    def test_a_stale_link_is_replaced(self) -> None:
        link = self.k.home / "tty"
        link.symlink_to("/nowhere")
        self.k.command_line[self.k.command_line.index("stdio")] = f"pty={link}"
        self.k.start(hello=False)
        self.k.wait_for(lambda: link.exists() and os.readlink(link) != "/nowhere")

    def test_invalid_flash_files(self) -> None:
        for path in ("/proc/flash.bin", str(self.k.home)):
            done = self.k.run("run", "--flash", path, "--console", "none", "--socket",
                              str(self.k.socket))
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(path, done.stderr)

    def test_sigint(self) -> None:
        self.k.start()
        os.kill(self.k.process.pid, signal.SIGINT)
        self.assertEqual(self.k.wait_end(), 0)


if __name__ == "__main__":
    unittest.main()
