# SPDX-License-Identifier: Apache-2.0
"""tokenkeeper export: settings and roots for another gateway."""

import subprocess
from pathlib import Path

from keeper import PROGRAM, GatewayCase

HIDDEN = ("client_secret", "client_secret_next", "escalate_url", "escalate_template",
          "escalate_header", "corezoid_key", "corezoid_token_key")


class Export(GatewayCase):
    def import_into(self, keeper, text: str) -> list[str]:
        """Pipes the text into the console; the answers that are errors."""
        done = subprocess.run([PROGRAM, "console"], input=text, env=keeper.env, text=True,
                              capture_output=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return [line for line in done.stdout.splitlines() if line.startswith("ERR")]

    def shown(self, keeper, ref: str) -> list[str]:
        keeper.must(f"ref {ref}")
        return [line for line in keeper.must("show").lines
                if line.partition("=")[0] not in HIDDEN]

    def test_another_gateway_takes_it(self) -> None:
        self.k.provision(scope="crm,user")
        self.k.must("set renew 2h")
        self.k.must("set escalate_url https://hooks.example/secret-path")
        self.k.must("set escalate_level 3")
        self.k.must("ref add second")
        self.k.must("set portal other")
        self.k.must("set client_id back\\slash")
        self.k.must("ref token")
        done = self.k.run("export")
        self.assertEqual(done.returncode, 0, done.stderr)
        for secret in (self.b24.client_secret, "secret-path", self.k.get().stdout.strip()):
            self.assertNotIn(secret, done.stdout)
        for name in ("client_secret", "escalate_url"):
            self.assertIn(f"# not exported, type it: set {name}\n", done.stdout)
        other = self.keeper()
        self.assertEqual(self.import_into(other, done.stdout), [])
        for ref in ("token", "second"):
            self.assertEqual(self.shown(self.k, ref), self.shown(other, ref))

    def test_secrets_are_named_but_not_given(self) -> None:
        secrets = {"client_secret": "planted-1", "client_secret_next": "planted-2",
                   "escalate_url": "https://hooks.example/planted-3",
                   "escalate_template": '{"text":"planted-4 {level}"}',
                   "corezoid_key": "planted-5", "corezoid_token_key": "planted-6",
                   "escalate_header": "Authorization: planted-7", "console_pin": "planted-8"}
        for name, value in secrets.items():
            self.k.must(f"set {name} {value}")
        text = self.k.run("export").stdout
        self.assertNotIn("planted", text)
        for name in secrets:
            self.assertIn(f"# not exported, type it: set {name}\n", text)
        self.assertEqual(self.import_into(self.keeper(), text), [])

    def test_an_account_of_another_name_takes_the_place_of_the_default(self) -> None:
        self.k.must("ref add shop")
        self.k.must("set scope crm")
        self.k.must("ref del token")
        other = self.keeper()
        self.assertEqual(self.import_into(other, self.k.run("export").stdout), [])
        self.assertIn("scope=crm", self.shown(other, "shop"))
        self.assert_error(other.command("ref token"), "no_such_ref")

    def test_added_roots_are_exported(self) -> None:
        pem = Path(self.b24.ca).read_text().partition("-----END")[0].splitlines()
        self.k.must("ca add begin")
        for line in pem[pem.index("-----BEGIN CERTIFICATE-----") + 1:]:
            self.k.must(f"ca add {line}")
        self.k.must("ca add end")
        other = self.keeper()
        self.assertEqual(self.import_into(other, self.k.run("export").stdout), [])
        self.assertEqual(other.must("ca list").lines, self.k.must("ca list").lines)

    def test_without_a_service(self) -> None:
        self.k.kill()
        self.assertEqual(self.k.run("export").returncode, 3)
