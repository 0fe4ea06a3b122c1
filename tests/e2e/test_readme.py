# SPDX-License-Identifier: Apache-2.0
"""README's session is what the program does: what it shows is typed, and the answers compared."""

import re
import unittest

from keeper import ROOT, GatewayCase

DIGEST = re.compile(r"len=\d+ |sha256=[0-9a-f]{8}|expires_in=\d+|\(\d+ characters")


def masked(line: str) -> str:
    return DIGEST.sub("#", line)


class Readme(GatewayCase):

    def session(self) -> list[str]:
        text = (ROOT / "README.md").read_text()
        return [line.strip() for block in re.findall(r"```\n(.*?)```", text, re.S)
                if "tk> " in block for line in block.splitlines()]

    def shown_after(self, beginning: str, lines: list[str]) -> list[str]:
        at = next(i for i, line in enumerate(lines) if line.startswith("tk> " + beginning))
        after = lines[at + 1:]
        ends = next(i for i, line in enumerate(after) if line.startswith("OK"))
        return after[:ends + 1]

    def test_what_is_set(self) -> None:
        lines = self.session()
        commands = [line.removeprefix("tk> ") for line in lines if line.startswith("tk> set ")]
        self.assertGreaterEqual(len(commands), 3)
        for command in commands:
            if command == "set client_secret":
                start = self.k.type(b"set client_secret\r")
                self.k.type(self.b24.client_secret.encode() + b"\r")
                end = self.k.out.wait("OK", start)
                seen = [line for line in self.k.out.all[start:end + 1] if line != command]
            else:
                seen = [self.k.plain(command).last]
            self.assertEqual([masked(line) for line in seen],
                             [masked(line) for line in self.shown_after(command[:14], lines)])

    def test_the_link_and_the_code(self) -> None:
        lines = self.session()
        self.k.configure()
        begun = self.k.plain("auth begin")
        shown = self.shown_after("auth begin", lines)
        self.assertEqual([line.partition("=")[0] for line in begun.lines + [begun.last]],
                         [line.partition("=")[0] for line in shown])
        redirect = self.b24.code(state=begun["state"])["redirect"]
        start = len(self.k.out.all)
        answer = self.k.plain(f"auth code {redirect}")
        echo = next(line for line in self.k.out.all[start:] if line.startswith("auth code"))
        self.assertEqual(masked("tk> " + echo),
                         masked(next(line for line in lines if line.startswith("tk> auth code"))))
        self.assertEqual([masked(answer.last)],
                         [masked(line) for line in self.shown_after("auth code", lines)])


if __name__ == "__main__":
    unittest.main()
