# SPDX-License-Identifier: Apache-2.0
"""As many accounts as the host program keeps."""

from __future__ import annotations

import re
import subprocess

from keeper import PROGRAM, ROOT, GatewayCase

COUNT = 64


class ManyAccounts(GatewayCase):

    def fill(self) -> None:
        lines = [f"@{i} ref add account-{i}\n@{i} set portal portal-{i}\n"
                 for i in range(1, COUNT)]
        start = self.k.type("".join(lines).encode())
        self.k.out.wait(rf"@{COUNT - 1} OK portal=", start)

    def names(self) -> list[str]:
        return [line.partition("=")[0] for line in self.k.must("ref").lines]

    def test_what_shows_all_of_them(self) -> None:
        self.fill()
        want = ["token", *(f"account-{i}" for i in range(1, COUNT))]
        self.assertEqual(self.names(), want)
        self.assert_error(self.k.command("ref add one-more"), "ref_limit")
        self.assertEqual(self.k.must("status --all")["ref"], want[-1])
        self.k.end()
        self.k.start()
        self.assertEqual(self.names(), want)
        begun = re.findall(r"accounts=(\S+) console=\S+ socket=\S+ .* seal=none\n", self.k.errors())
        self.assertEqual(begun[-1].split(","), [f"{name}:no_client" for name in want])

    def test_another_gateway_takes_them(self) -> None:
        self.fill()
        done = self.k.run("export")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        other = self.keeper()
        taken = subprocess.run([PROGRAM, "console"], input=done.stdout, env=other.env, text=True,
                               capture_output=True, timeout=60, check=False)
        self.assertEqual(taken.returncode, 0, taken.stderr)
        self.assertNotIn("\nERR", taken.stdout)
        self.assertEqual(other.run("export").stdout, done.stdout)

    def test_the_figures_of_the_document(self) -> None:
        text = (ROOT / "boards/host/OPERATIONS.md").read_text()
        count, size = re.search(r"keeps up to (\d+) accounts in a file of (\d+) bytes", text).groups()
        self.assertEqual((int(count), int(size)), (COUNT, self.k.flash.stat().st_size))
