# SPDX-License-Identifier: Apache-2.0
"""The whole flash is searched after each way of forgetting a secret."""

from __future__ import annotations

import re
import unittest

import preload
from keeper import ROOT, GatewayCase

SECTOR, SECTORS = 262144, 4
# Valid for each hidden setting: of one that is missing here the test fails.
PLANTED = {"client_secret": "plantedClientSecret0001", "client_secret_next": "plantedNextSecret00002",
           "escalate_url": "https://127.0.0.1:9/plantedHook00003",
           "escalate_template": '{"key":"plantedTemplate00004"}',
           "corezoid_key": "plantedCorezoidKey00005", "console_pin": "plantedPin00006",
           "escalate_header": "Authorization: plantedHeader00007",
           "corezoid_token_key": "plantedTokenKey00008"}
OF_ACCOUNT = ("client_secret", "client_secret_next", "corezoid_token_key")


def hidden_settings() -> set[str]:
    table = (ROOT / "core/console/tk_settings.h").read_text()
    return {name for name, flags in re.findall(r'TK_SETTING\(\s*"(\w+)",\s*([^,]+),', table)
            if re.search(r"\b(SECRET|HIDDEN)\b", flags)}


class Forgotten(GatewayCase):
    """On flash that is not sealed, where all secrets can be found."""

    sealed = False

    def setUp(self) -> None:
        super().setUp()
        self.k.kill()
        self.k.flash.unlink()
        if self.sealed:
            key = self.k.home / "key"
            key.write_bytes(b"thirty-two bytes of a device key")
            key.chmod(0o600)
            self.k.command_line += ["--key", str(key)]
        self.k.start()

    def plant(self, ref: str = "token") -> None:
        """Twice, with restarts: there are copies in more than one sector."""
        for _ in range(2):
            self.k.must(f"ref {ref}")
            self.k.command(f"pin {PLANTED['console_pin']}")
            for name, value in PLANTED.items():
                self.k.must(f"set {name} {value}")
            self.k.kill()
            self.k.start()
        self.k.must(f"ref {ref}")
        self.k.must(f"pin {PLANTED['console_pin']}")

    def plant_pair(self) -> None:
        self.k.provision()
        self.pair = [self.k.get().stdout.strip()]
        self.k.kill()
        self.k.start()
        self.k.must_refresh()
        self.pair += [planted["value"] for planted in self.b24.planted()
                      if planted["kind"] in ("access_token", "refresh_token")]

    def found(self, *texts: str) -> list[str]:
        flash = self.k.flash.read_bytes()
        return [text[:8] for text in texts if text.encode() in flash]

    def secrets(self, *names: str) -> list[str]:
        return [re.search(r"planted\w+", PLANTED[name])[0] for name in names or PLANTED]

    def assert_there(self, *texts: str) -> None:
        """The search would find them."""
        self.assertEqual(len(self.found(*texts)), 0 if self.sealed else len(texts))

    def test_the_table_of_secrets_is_complete(self) -> None:
        self.assertEqual(hidden_settings(), set(PLANTED))

    def test_unset(self) -> None:
        self.plant()
        readable = [name for name in PLANTED if name != "console_pin"]  # as a digest
        self.assert_there(*self.secrets(*readable))
        for name in PLANTED:
            answer = self.k.must(f"unset {name}")
            self.assertNotIn("left=", answer.last)
            self.assertEqual(self.found(*self.secrets(name)), [], name)
        self.assertEqual(self.found(*self.secrets()), [])

    def test_ref_del(self) -> None:
        self.k.must("ref add shop")
        self.plant("shop")
        self.assert_there(*self.secrets(*OF_ACCOUNT))
        self.assertNotIn("left=", self.k.must("ref del shop").last)
        self.assertEqual(self.found(*self.secrets(*OF_ACCOUNT)), [])

    def test_auth_forget(self) -> None:
        self.plant_pair()
        self.assertGreater(len(self.pair), 3)
        if not self.sealed:
            self.assertGreater(len(self.found(*self.pair)), 2)
        self.assertEqual(self.k.must("auth forget").last, "OK")
        self.assertEqual(self.found(*self.pair), [])
        self.k.kill()
        self.k.start()
        self.assertEqual(self.k.status()["state"], "needs_code")

    def test_factory_reset(self) -> None:
        self.plant_pair()
        self.plant()
        device = self.k.must("version")["id"]
        start = self.k.type(f"@98 factory-reset {device[-4:]}\n".encode())
        self.k.out.wait("EVT hello", start)
        self.assertEqual(self.found(*self.pair, *self.secrets()), [])
        used = len(self.k.flash.read_bytes().replace(b"\xff", b""))
        self.assertLess(used, 1000, "more than the events of the start that followed")


class ForgottenSealed(Forgotten):
    sealed = True


class ForgottenWorn(GatewayCase):
    """A sector that no longer erases: the answer says that it may still hold secrets."""

    def setUp(self) -> None:
        super().setUp()
        self.k.must(f"set client_secret {PLANTED['client_secret']}")
        self.k.kill()
        flash = self.k.flash.read_bytes()
        self.bad = flash.index(PLANTED["client_secret"].encode()) // SECTOR
        self.k.env |= preload.environment("flash_faults", TK_FLASH=str(self.k.flash),
                                          TK_WORN=str(self.bad), TK_SECTOR=str(SECTOR))
        self.k.start()

    def assert_only_there(self) -> None:
        flash, secret = self.k.flash.read_bytes(), PLANTED["client_secret"].encode()
        places = [i for i in range(SECTORS) if secret in flash[i * SECTOR:(i + 1) * SECTOR]]
        self.assertEqual(places, [self.bad])

    def test_unset(self) -> None:
        self.assertIn("left=1/4", self.k.must("unset client_secret").last)
        self.assert_only_there()

    def test_factory_reset(self) -> None:
        device = self.k.must("version")["id"]
        answer = self.k.command(f"factory-reset {device[-4:]}")
        self.assertEqual((answer.code, answer["left"]), ("storage_failed", "1/4"))
        self.assert_only_there()


if __name__ == "__main__":
    unittest.main()
