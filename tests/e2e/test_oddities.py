# SPDX-License-Identifier: Apache-2.0
"""The odd responses of tests/bitrix24/oddities.py, each as the response to a code and to a refresh:
the pair that the server honours is the pair that the keeper holds."""

import tempfile
import unittest
from pathlib import Path

import answers
import odd_curl
import oddities
from held import Held
from journal import digest
from keeper import Answer, GatewayCase
from oddities import PAIR, Row

INTERVAL_S = 11     # more than the minimum between two refreshes
GRACE_S = 1e9       # of a server that honours a replaced pair
SLACK_S = 5         # real time that may have passed

ACTIONS = answers.FAILURES | {row.error: row.action for row in answers.ROWS
                              if row.server == "oauth"}

LOST = ("connection_lost", "http_malformed")    # no response
UNREADABLE = ("bad_answer", "http_coded")       # a status 200, and a body of no use


class OddityCase(GatewayCase):
    """One server and one keeper with held time, for all rows."""
    keeper_options = {"start": False}
    kind = ""           # of the request that gets the odd response

    def setUp(self) -> None:
        super().setUp()
        self.held = Held(self.b24, self.k.home)
        self.k.env |= self.held.env()
        self.k.start()
        self.k.provision()

    def walk(self) -> None:
        for row in oddities.TABLE:
            with self.subTest(row.name, what=row.help):
                self.b24.set(old_refresh_grace_s=0.0)
                self.ready()
                self.one(row)

    def ready(self) -> None:
        """A pair for the next row, also where this one has failed."""
        self.b24.clear_faults()
        self.held.skip(INTERVAL_S)
        if self.k.status()["state"] != "ready" or self.holds() not in self.honoured():
            self.k.must(f"auth code {self.b24.code()['code']}")
            self.held.skip(INTERVAL_S)

    def holds(self) -> str:
        return digest(self.k.must("token 0")["access_token"])

    def honoured(self) -> list[str]:
        """The access tokens that the server honours, the newest one last."""
        return [pair["access_token"] for pair in self.b24.state()["pairs"] if not pair["revoked"]]

    def ask(self, row: Row, command: str, wanted: str) -> Answer:
        """The answer to a command, during which the server is odd."""
        usual = self.b24.state()["settings"]
        self.b24.set(**row.settings)
        self.b24.fault("oauth", "odd", name=row.name, path="/oauth/token",
                       count=1 if wanted == PAIR else -1)
        answer = self.k.command(command)
        self.b24.set(**{name: usual[name] for name in row.settings})
        return answer

    def check_held(self, row: Row, answer: Answer) -> None:
        self.assertTrue(answer.ok, repr(answer))
        self.assertEqual(self.holds(), self.honoured()[-1])
        self.assertIn(int(answer["expires_in"]), range(row.life_s - SLACK_S, row.life_s + 1))

    def check_stored(self, row: Row) -> None:
        """Tokens of another form are the same after a restart."""
        if row.settings:
            before = self.holds()
            self.k.kill()
            self.k.start()
            self.assertEqual(self.holds(), before)

    def check_used(self, closes: bool) -> None:
        """The next refresh is honoured at once, on another connection if this one is of no use."""
        odd = self.requests(self.kind)[-1]
        pair = self.b24.state()["pairs"][-1]
        self.held.skip(INTERVAL_S)
        answer = self.k.command("auth refresh")
        self.assertTrue(answer.ok, repr(answer))
        entry = self.requests("refresh")[-1]
        self.assertEqual(entry["secrets"]["refresh_token"], pair["refresh_token"])
        self.assertEqual(self.holds(), self.honoured()[-1])
        if closes:
            self.assertNotEqual(entry["connection"], odd["connection"])


class OddResponseToACode(OddityCase):
    kind = "exchange"

    def test_each(self) -> None:
        self.walk()

    def one(self, row: Row) -> None:
        before = self.holds()
        answer = self.ask(row, f"auth code {self.b24.code()['code']}", row.code)
        if row.code == PAIR:
            self.check_held(row, answer)
            self.check_stored(row)
            self.check_used(row.closes)
            return
        self.assertEqual(answer.code, row.code, repr(answer))
        self.assertEqual(self.holds(), before)
        self.assertIn(before, self.honoured())


class OddResponseToARefresh(OddityCase):
    kind = "refresh"

    def test_each(self) -> None:
        self.walk()

    def one(self, row: Row) -> None:
        if row.refresh != PAIR:
            self.b24.set(old_refresh_grace_s=GRACE_S)
        answer = self.ask(row, "auth refresh", row.refresh)
        if row.refresh == PAIR:
            self.check_held(row, answer)
            self.check_stored(row)
            self.check_used(row.closes)
        else:
            self.check_failed(row, answer)
            self.check_recovers(row)

    def check_failed(self, row: Row, answer: Answer) -> None:
        self.assertEqual(answer.code, row.refresh, repr(answer))
        status = self.k.status()
        state, reason, _ = answers.STATES[ACTIONS[row.refresh]]
        self.assertEqual((status["state"], status["reason"], status["last_error"]),
                         (state, row.refresh if reason == "error" else reason, row.refresh))
        if row.retry_s:
            due_s = int(status["next_refresh_in"])
            self.assertTrue(row.retry_s[0] <= due_s <= row.retry_s[1], due_s)

    def check_recovers(self, row: Row) -> None:
        self.b24.clear_faults()
        command = "auth refresh"
        if ACTIONS[row.refresh] == "reauth":
            command = f"auth code {self.b24.code()['code']}"
        self.held.skip(INTERVAL_S)
        answer = self.k.command(command)
        if answer.code == "too_soon":       # the keeper has recovered by itself
            answer = self.k.status()
        self.assertEqual(answer["state"], "ready", repr(answer))
        self.assertEqual(self.holds(), self.honoured()[-1])


class OddResponseOfThePortal(OddityCase):

    def test_each(self) -> None:
        """The call that verifies a token. The pair is as before, whatever the portal sends."""
        self.b24.set(limit_rate=0)
        before = self.holds()
        for row in filter(lambda row: row.any, oddities.TABLE):
            with self.subTest(row.name, what=row.help):
                self.b24.clear_faults()
                self.b24.fault("portal", "odd", name=row.name, path="/rest/app.info")
                self.assertEqual(self.k.command("check").code, row.refresh)
                status = self.k.status()
                self.assertEqual((status["state"], self.holds()), ("ready", before))
                self.assertEqual(status["rest"], answers.REST[ACTIONS[row.refresh]]
                                 if row.refresh else "ok")


class OddResponseOfAWebhook(OddityCase):

    def walk(self, wanted) -> None:
        for row in filter(lambda row: row.any, oddities.TABLE):
            with self.subTest(row.name, what=row.help):
                self.b24.clear_faults()
                self.b24.fault("webhook", "odd", name=row.name)
                answer = self.k.command("escalate test")
                self.assertEqual(answer.code, wanted(row), repr(answer))

    def test_any(self) -> None:
        """The status alone counts."""
        self.k.must(f"set escalate_url https://{self.b24.webhook}/alarm")
        self.walk(lambda row: row.refresh if row.refresh in LOST
                  else "" if row.refresh in (PAIR, *UNREADABLE) else "escalate_refused")

    def test_corezoid_accepts(self) -> None:
        self.sign(self.b24.corezoid.key)
        self.walk(lambda row: row.refresh if row.refresh in (PAIR, *LOST, *UNREADABLE)
                  else "escalate_refused")

    def test_corezoid_refuses(self) -> None:
        self.sign("another")
        self.walk(lambda row: row.refresh if row.refresh in (*LOST, *UNREADABLE)
                  else "escalate_refused")

    def sign(self, key: str) -> None:
        corezoid = self.b24.corezoid
        corezoid.reset()
        self.k.must(f"set escalate_url https://{self.b24.webhook}")
        self.k.must(f"set corezoid_login {corezoid.login}")
        self.k.must(f"set corezoid_key {key}")
        self.k.must(f"set corezoid_conv {corezoid.conv}")


class OddResponsesByCurl(GatewayCase):
    """What curl without options reads, the keeper is expected to read."""
    keeper_options = {"start": False}

    def test_each(self) -> None:
        rows = [row for row in oddities.TABLE if not row.settings]
        with tempfile.TemporaryDirectory() as place:
            bodies = odd_curl.read(self.b24, [row.name for row in rows], Path(place))
        honoured = [pair["access_token"] for pair in self.b24.state()["pairs"]]
        for row in rows:
            pair = odd_curl.pair(bodies.get(row.name, b""))
            with self.subTest(row.name, what=row.help):
                if pair:
                    self.assertIn(digest(pair[0]), honoured)
                    self.assertEqual(row.code == PAIR, not row.refused)


if __name__ == "__main__":
    unittest.main()
