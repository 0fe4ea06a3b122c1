# SPDX-License-Identifier: Apache-2.0
"""core/console/PROTOCOL.md: its examples as they stand there, and its limits."""

import re
import subprocess
import unittest

from keeper import PATIENT_S, PYTHON, ROOT, GatewayCase

PAGE = (ROOT / "core/console/PROTOCOL.md").read_text()
# What differs from run to run.
VARIES = re.compile(r"version=[\d.]+|board=\w+|build=\S+|id=[\w-]+ |mbedtls=[\d.]+|ecc=\w+|seal=\S+"
                    r"|state=[0-9a-f]{32}|warm=\w+")


def example(language: str) -> str:
    return re.search(rf"(?ms)^```{language}\n(.*?)^```$", PAGE)[1]


def masked(line: str) -> str:
    return VARIES.sub("#", line)


class Session(GatewayCase):

    def test_the_session(self) -> None:
        commands = re.split(r"(?m)^> ", example("text"))[1:]
        self.assertGreater(len(commands), 6)
        for command, *answer in (block.splitlines() for block in commands):
            with self.subTest(command):
                start = self.k.type(command.encode() + b"\r")
                end = self.k.out.wait(r"(@\d+ )?(OK\b|ERR )", start)
                seen = [line for line in self.k.out.all[start:end + 1]
                        if line.startswith(("@", "ERR "))]
                self.assertEqual([*map(masked, seen)], [*map(masked, answer)])

    def test_the_errors(self) -> None:
        """Each code of the first table that a line can cause is caused."""
        for line, answer in ((b"@ version", "ERR bad_prefix "), (b"@12345678901 version", "ERR bad_prefix "),
                             (b"@1 " + b"x" * 1021, "@1 ERR line_too_long "),
                             (b"@1 ver\x01sion", "@1 ERR bad_byte "),
                             (b"@1 set client_secret", "@1 ERR need_value "),
                             (b"@1 nonsense", "@1 ERR unknown_command "),
                             (b"@1 show me", "@1 ERR usage show")):
            with self.subTest(line):
                start = self.k.type(line + b"\r")
                self.k.out.wait(answer, start)
                self.assertIn("`ERR " + answer.partition("ERR ")[2].split()[0], PAGE)


class Program(GatewayCase):
    keeper_options = {"start": False}

    def test_the_client(self) -> None:
        link = self.k.home / "tty"
        self.k.command_line[self.k.command_line.index("stdio")] = f"pty={link}"
        self.k.start(hello=False)
        self.k.wait_for(link.exists)
        done = subprocess.run([PYTHON, "-c", example("python"), str(link)], text=True, check=True,
                              timeout=PATIENT_S, capture_output=True)
        self.assertRegex(done.stdout, r"(?s)\AOK version=\S+ .*\nno_client set portal <name> OK\n\Z")


if __name__ == "__main__":
    unittest.main()
