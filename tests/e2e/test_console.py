# SPDX-License-Identifier: Apache-2.0
"""Invalid input on a serial line: rejected or handled, and the next command works."""

import random
import time
import unittest

from keeper import GatewayCase


class Robustness(GatewayCase):

    def tearDown(self) -> None:
        self.k.type(b"\r")
        self.assertTrue(self.k.must("version")["version"])

    def answer_to(self, data: bytes, pattern: str) -> None:
        start = self.k.type(data)
        self.k.out.wait(pattern, start)

    def test_the_answer_is_complete_at_the_end_of_input(self) -> None:
        for command, answer in (("set portal acme", r"OK portal=acme\.bitrix24\.com"),
                                ("version", "OK version="), ("log", "ERR "), ("nonsense", "ERR ")):
            with self.subTest(command):
                self.k.kill()
                self.k.start(hello=False)
                self.k.type(command.encode() + b"\n")
                self.k.close_input()
                self.k.out.wait(answer)
        self.k.kill()
        self.k.start()

    def test_line_of_5000_bytes(self) -> None:
        self.answer_to(b"set scope " + b"a" * 5000 + b"\rset scope tail\r",
                       "ERR line_too_long")
        self.k.out.wait("OK scope=tail")
        self.answer_to(b"@5 set scope " + b"b" * 5000 + b"\n", "(@5 )?ERR line_too_long")
        self.assertEqual(self.k.must("show")["scope"], "tail")

    def test_the_tail_of_a_long_line_is_not_run(self) -> None:
        self.answer_to(b"x" * 1020 + b" factory-reset\r", "ERR line_too_long")
        self.answer_to(b"version\r", "OK version=")

    def test_longest_line_that_fits(self) -> None:
        self.answer_to(b"@1 " + b"z" * 1020 + b"\r", "@1 ERR unknown_command")
        self.answer_to(b"@1 " + b"z" * 1021 + b"\r", "(@1 )?ERR line_too_long")

    def test_binary_noise(self) -> None:
        noise = random.Random(7)
        for _ in range(50):
            self.k.type(bytes(noise.randrange(256) for _ in range(200)))
        self.k.type(b"\x03\r\n")

    def test_nul_bytes(self) -> None:
        """An idle or broken line sends NUL bytes: they are ignored."""
        self.answer_to(b"\0\0ver\0sion\r", "OK version=")

    def test_end_of_transmission(self) -> None:
        self.k.type(b"\x04")
        self.answer_to(b"version\r", "OK version=|ERR bad_byte")
        self.answer_to(b"version\r", "OK version=")
        self.assertIsNone(self.k.process.poll())

    def test_line_endings(self) -> None:
        for ending in (b"\r", b"\n", b"\r\n"):
            start = self.k.type(b"version" + ending)
            at = self.k.out.wait("OK version=", start)
            self.k.must("time")
            self.assertEqual([line for line in self.k.out.all[at + 1:] if "OK version=" in line],
                             [])

    def test_crlf_split_across_reads(self) -> None:
        start = self.k.type(b"version\r")
        self.k.out.wait("OK version=", start)
        start = self.k.type(b"\nversion\r\n")
        self.k.out.wait("OK version=", start)
        self.assertNotIn("ERR", "\n".join(self.k.out.all[start:]))

    def test_a_byte_at_a_time(self) -> None:
        start = len(self.k.out.all)
        for byte in b"@44 version\n":
            self.k.type(bytes([byte]))
            time.sleep(0.01)  # most bytes are read one by one; the result does not depend on it
        self.k.out.wait("@44 OK version=", start)

    def test_many_commands_at_once(self) -> None:
        start = self.k.type(b"".join(b"@%d version\n" % i for i in range(1, 101)))
        for i in range(1, 101):
            start = self.k.out.wait(f"@{i} OK version=", start)

    def test_backspace(self) -> None:
        self.answer_to(b"verX\x08sion\r", "OK version=")
        self.answer_to(b"verXY\x7f\x7fsion\r", "OK version=")

    def test_ctrl_c_discards_the_line(self) -> None:
        self.k.type(b"set scope wrong\x03")
        self.answer_to(b"version\r", "OK version=")
        self.assertNotEqual(self.k.must("show")["scope"], "wrong")

    def test_sequence_numbers(self) -> None:
        for data in (b"@ version\r", b"@x version\r", b"@12345678901 version\r", b"@1\r"):
            self.answer_to(data, r"(@\d+ )?ERR ")
        self.answer_to(b"@1234567890 version\r", "@1234567890 OK version=")

    def test_help_lists_the_commands(self) -> None:
        listed = [line.partition("=")[0] for line in self.k.must("help").lines]
        self.assertGreater(len(listed), 15)
        for word in ("help version status show set unset check token time ref selftest log "
                     "factory-reset reboot").split():
            self.assertTrue(any(word in line for line in listed), word)

    def test_invalid_values(self) -> None:
        for command, code in (("set portal ht!tp://x", "bad_value"), ("set portal a b", "bad_value"),
                              ("set renew 5s", "bad_value"), ("set renew 8d", "bad_value"),
                              ("set renew soon", "bad_value"), ("set colour red", "unknown_key"),
                              ("set client_secret", "need_value"),
                              ("set escalate_url http://x/", "bad_value"),
                              ("set escalate_level 9", "bad_value"),
                              ("set ip 10.0.0.1", "bad_value"), ("set ip dhcp", "ip_system"),
                              ("set ntp a:1", "bad_value"), ("set ntp pool", "clock_system"),
                              ("unset nothing", "unknown_key"), ("ref other", "no_such_ref"),
                              ("ref add UPPER", "bad_value"), ("ref add token", "ref_exists"),
                              ("time 5", "clock_system"), (f"time {int(time.time())}", "clock_system"),
                              ("token soon", "usage"), ("log loud", "bad_value"),
                              ("log debug", "bad_value"), ("auth", "unknown_command")):
            with self.subTest(command):
                self.assert_error(self.k.command(command), code)

    def test_a_portal_without_a_domain(self) -> None:
        self.assertEqual(self.k.must("set portal acme")["portal"], "acme.bitrix24.com")
        self.assertEqual(self.k.must("set portal https://Acme.bitrix24.ru/x")["portal"],
                         "acme.bitrix24.ru")

    def test_one_command_at_a_time(self) -> None:
        self.k.configure()
        self.b24.fault("oauth", "stall_handshake", count=-1)
        asked = self.k.ask("check")
        self.assert_error(self.k.answered(self.k.ask("status", while_busy=True)), "busy")
        self.k.type(b"\x03")
        self.assertEqual(self.k.answered(asked).code, "cancelled")


class OverATerminal(Robustness):
    """The same over a terminal in raw mode."""
    keeper_options = {"terminal": True}


if __name__ == "__main__":
    unittest.main()
