# SPDX-License-Identifier: Apache-2.0
"""The example of a firmware with a part of its own: boards/lm3s6965evb/sensor."""

import subprocess
import unittest

from test_boards import BOARD, IMAGE, BoardCase


@unittest.skipUnless(BOARD.name == "lm3s6965evb", "the example is for one board")
class Sensor(BoardCase):

    image = IMAGE.with_name("sensor.bin")

    @classmethod
    def setUpClass(cls) -> None:
        subprocess.run(["cmake", "--build", IMAGE.parent, "--target", "sensor"], check=True,
                       capture_output=True)
        super().setUpClass()

    def leads(self) -> list[dict]:
        return [call for call in self.b24.calls() if call["method"] == "crm.lead.add"]

    def test_its_values_become_leads(self) -> None:
        self.ready()
        self.k.must(f"auth code {self.k.redirect()}")
        self.k.kill()
        self.k.start()  # the first value comes 10 s later
        self.k.wake()
        self.k.wait_for(self.leads)
        lead = self.leads()[0]
        self.assertEqual((lead["encoding"], lead["executed"]), ("json", True))
        self.assertRegex(lead["params"]["fields"]["TITLE"], r"^20\.\d C$")
