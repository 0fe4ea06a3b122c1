# SPDX-License-Identifier: Apache-2.0
"""The life of a token with authorization servers that are not ours."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import tempfile
import unittest
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from held import Held  # run.py has extended PYTHONPATH
from keeper import RECORDS, ROOT, WITH_US, Answer, GatewayCase

ROTATIONS = 20
INTERVAL_S = 11  # more than the minimum between two refreshes
CLIENT_ID, CLIENT_SECRET = "local.5f0c6e1b2a3d47.12345678", "kQ7vX2mB9tR4wN8pL6sD1gH3jF5zC0yA"


class Server:
    """serve.mjs with one of the packages."""

    def __init__(self, kind: str, certificate: Path) -> None:
        self._process = subprocess.Popen(
            [*WITH_US, "node", "serve.mjs", kind, certificate, certificate.with_suffix(".key"),
             CLIENT_ID, CLIENT_SECRET], cwd=ROOT / "build/servers", stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        ready = json.loads(self._process.stdout.readline())
        self.host = f"localhost:{ready['port']}"
        self._control = f"http://127.0.0.1:{ready['control']}"
        self.secrets = {CLIENT_SECRET}
        self._forgotten = 0

    def close(self) -> None:
        """Ends it; records the secrets for the search in the output of the keeper."""
        self._process.communicate()
        handle, name = tempfile.mkstemp(".planted", "servers-", RECORDS)
        with os.fdopen(handle, "w") as file:
            json.dump(sorted(self.secrets), file)

    def _ask(self, operation: str, **values: str) -> dict:
        request = urllib.request.Request(f"{self._control}/{operation}",
                                         json.dumps(values).encode())
        with urllib.request.urlopen(request) as response:
            return json.load(response)

    def code(self) -> str:
        code = self._ask("code")["code"]
        self.secrets.add(code)
        return code

    def is_valid(self, access_token: str) -> bool:
        self.secrets.add(access_token)
        return self._ask("valid", token=access_token)["valid"]

    def refresh_tokens(self) -> list[str]:
        tokens = self._ask("refresh")["tokens"]
        self.secrets |= set(tokens)
        return tokens

    def seen(self, grant_type: str) -> list[int]:
        """The statuses of the responses to these requests, since forget()."""
        return [one["status"] for one in self._ask("seen")["seen"][self._forgotten:]
                if one["grant_type"] == grant_type]

    def forget(self) -> None:
        """Forgets the requests so far."""
        self._forgotten = len(self._ask("seen")["seen"])


class ServerCase(GatewayCase):
    """A server for all tests, and a keeper with held time for each."""
    kind = ""
    keeper_options = {"start": False}

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.server = Server(cls.kind, Path(cls.b24.ca).parent / "leaf-ec.pem")
        cls.addClassCleanup(cls.server.close)

    def setUp(self) -> None:
        super().setUp()
        self.server.forget()
        self.held = Held(self.b24, self.k.home)
        self.k.env |= self.held.env()
        self.k.start()
        self.k.configure(portal=self.server.host, auth_host=self.server.host, client_id=CLIENT_ID,
                         client_secret=CLIENT_SECRET, scope="")

    def thief(self, grant_type: str, name: str, value: str) -> int:
        """The status of the response to another client with the same credentials."""
        form = urllib.parse.urlencode({
            "grant_type": grant_type, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET,
            name: value}).encode()
        context = ssl.create_default_context(cafile=self.b24.ca)
        try:
            with urllib.request.urlopen(f"https://{self.server.host}/oauth/token/", form,
                                        context=context) as response:
                return response.status
        except urllib.error.HTTPError as error:
            with error:
                return error.code

    def exchange(self) -> Answer:
        answer = self.k.must(f"auth code {self.server.code()}")
        self.assertEqual((answer["state"], answer["rest"]), ("ready", "ok"))
        self.check_valid()
        return answer

    def refresh(self) -> Answer:
        self.held.skip(INTERVAL_S)
        return self.k.command("auth refresh")

    def check_valid(self) -> None:
        """The server honours the access token that the keeper holds."""
        self.assertTrue(self.server.is_valid(self.k.must("token 0")["access_token"]))

    def check_revoked(self) -> None:
        """The server refuses the refresh and has revoked the grant: the keeper says so."""
        self.assertEqual(self.refresh().code, "invalid_grant")
        self.assertFalse(self.server.is_valid(self.k.must("token 0")["access_token"]))
        status = self.k.status()
        self.assertEqual((status["state"], status["reason"]), ("needs_code", "revoked"))
        self.exchange()     # and works again


class Common:
    """What each of the servers is expected to do with us."""

    def test_exchange_and_rotations(self) -> None:
        generation = int(self.exchange()["generation"])
        for number in range(1, ROTATIONS + 1):
            answer = self.refresh()
            self.assertTrue(answer.ok, repr(answer))
            self.assertEqual(int(answer["generation"]), generation + number)
            self.check_valid()
            if number % 5 == 0:
                self.k.kill()
                self.k.start()
        self.assertEqual(self.server.seen("refresh_token"), [200] * ROTATIONS)
        self.assertEqual((self.k.status()["state"], self.k.status()["intent"]), ("ready", "none"))

    def test_errors(self) -> None:
        """Each by its name; the pair stays in use."""
        self.exchange()
        self.k.must("set client_secret another0secret0of0this0test")
        self.assertEqual(self.refresh().code, "invalid_client")
        self.assertEqual(self.k.status()["state"], "blocked")
        self.k.must(f"set client_secret {CLIENT_SECRET}")
        self.assertEqual(self.k.command("auth code never-issued").code, "code_rejected")
        self.k.must("auth refresh")
        self.assertEqual(self.k.status()["state"], "ready")
        self.check_valid()

    def test_a_code_is_not_used_again(self) -> None:
        code = self.server.code()
        self.k.must(f"auth code {code}")
        self.assertEqual(self.k.command(f"auth code {code}").code, "code_used")
        self.assertEqual(len(self.server.seen("authorization_code")), 1)
        self.check_valid()

    def test_a_code_that_was_used_before(self) -> None:
        self.exchange()
        code = self.server.code()
        self.assertEqual(self.thief("authorization_code", "code", code), 200)
        self.assertEqual(self.k.command(f"auth code {code}").code, "code_rejected")
        self.assertEqual(self.k.status()["state"], "ready")
        self.check_valid()
        self.assertTrue(self.refresh().ok)
        self.check_valid()

    def test_a_code_that_is_used_afterwards_revokes_the_grant(self) -> None:
        code = self.server.code()
        self.k.must(f"auth code {code}")
        self.assertEqual(self.thief("authorization_code", "code", code), 400)
        self.check_revoked()


class Rotating(Common):

    def test_a_refresh_token_that_is_used_again_revokes_the_grant(self) -> None:
        self.exchange()
        self.assertTrue(self.refresh().ok)
        old = self.server.refresh_tokens()[-2]
        self.assertEqual(self.thief("refresh_token", "refresh_token", old), 400)
        self.check_revoked()

    def test_a_thief_who_refreshes_first(self) -> None:
        self.exchange()
        stolen = self.server.refresh_tokens()[-1]
        self.assertEqual(self.thief("refresh_token", "refresh_token", stolen), 200)
        self.check_revoked()


class OidcProvider(Rotating, ServerCase):
    kind = "oidc"


class ExpressOAuthServer(Rotating, ServerCase):
    kind = "express"


class ExpressOAuthServerKeepsRefreshTokens(Common, ServerCase):
    kind = "express_keeps"


if __name__ == "__main__":
    unittest.main()
