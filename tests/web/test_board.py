# SPDX-License-Identifier: Apache-2.0
"""The page on the serial line of an emulated board, which has no clock and no random source."""

import os
import re
import subprocess
import sys
from pathlib import Path

from case import HERE, HOME, PageCase
from cable import Cable

sys.path.insert(0, str(HERE.parent / "boards"))
from bitrix24 import Bitrix24  # noqa: E402
from emulator import AUTH_HOST, BOARDS, PORTAL, Emulator  # noqa: E402
from keeper import RECORDS, WITH_US  # noqa: E402

IMAGE = Path(os.environ.get("TK_IMAGE", "tokenkeeper.bin"))


class Serial(Emulator):
    """Its serial line is a terminal, `terminal`, that QEMU makes."""

    def start(self, hello: bool = True) -> None:
        memory = [word.format(file=self.memory, image=self.image)
                  for word in self.board.program + self.board.memory]
        with (RECORDS / f"{self.home.name}.stderr").open("a") as errors:
            self.process = subprocess.Popen(
                [*WITH_US, *self.board.qemu, "-display", "none", "-monitor", "none",
                 "-serial", "pty", *self._network(), *memory], text=True,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors)
        self.terminal = re.search(r"redirected to (\S+)", self.process.stdout.readline())[1]
        self.process.stdout.close()


class Board(PageCase):

    @classmethod
    def bitrix24(cls) -> Bitrix24:
        return Bitrix24(os.environ["TK_CERTS"], oauth_domain=AUTH_HOST, portal_domain=PORTAL,
                        tls="1.2", limit_rate=0.0, handler=HOME)

    @classmethod
    def hosts(cls) -> dict[str, int]:
        return super().hosts() | {f"{PORTAL}:443": int(cls.b24.portal.rpartition(":")[2])}

    def gateway(self) -> None:
        self.k = Serial(BOARDS["lm3s6965evb"], IMAGE, self.b24)
        self.addCleanup(self.k.close)
        self.cable = Cable(self.port, self.k.terminal)
        self.addCleanup(self.cable.close)

    def test_from_nothing_to_ready(self) -> None:
        tool = self.open()
        tool.click("Connect")
        tool.wait_form()
        self.assertIn("set from this computer", tool.fact("device", "clock"))
        self.assertIn("seeded with 256 bits", tool.fact("device", "random"))
        tool.fill(portal=PORTAL, client_id=self.b24.client_id,
                  client_secret=self.b24.client_secret)
        tool.click("Save and check")
        tool.wait_login()
        tool.click("Log in")
        tool.wait_for("ready")
        self.assertEqual(tool.fact("connect", "gateway"), BOARDS["lm3s6965evb"].id)
        self.assertIn("generation 1", tool.fact("ready", "token"))
        print(f"\n= page load to ready on lm3s6965evb: "
              f"{tool.page.run('performance.now()') / 1000:.1f} s")
