# SPDX-License-Identifier: Apache-2.0
"""The token in a task of Corezoid, where another process reads it."""

import json
import unittest

from keeper import GatewayCase, Keeper

KEYS = {"access_token", "expires_at", "portal", "client_endpoint", "member_id", "device",
        "account", "state"}


class TokenTaskCase(GatewayCase):

    def setUp(self) -> None:
        super().setUp()
        self.corezoid = self.b24.corezoid
        self.corezoid.reset()

    def connect(self, keeper: Keeper, **changes: object) -> None:
        settings = {"url": f"https://{self.b24.webhook}", "login": self.corezoid.token_login,
                    "key": self.corezoid.token_key, "conv": self.corezoid.diagram}
        for name, value in (settings | changes).items():
            keeper.must(f"set corezoid_token_{name} {value}")

    def wait_task(self, state: str, keeper: Keeper | None = None) -> dict:
        (keeper or self.k).wait_status(corezoid_token=state)
        return self.corezoid.held.get("token", {})

    def token(self, keeper: Keeper | None = None) -> str:
        return (keeper or self.k).get().stdout.strip()


class TokenTask(TokenTaskCase):

    def test_another_process_calls_the_portal(self) -> None:
        self.k.provision()
        self.connect(self.k)
        task = self.wait_task("ok")
        first = task["access_token"]
        self.assertEqual(set(task), KEYS)
        self.assertEqual(first, self.token())
        self.assertEqual((task["device"], task["account"], task["state"], task["portal"]),
                         (self.k.must("version")["id"], "token", "ready", self.b24.portal))
        self.assertIn("result", self.corezoid.call("profile", self.b24.ca))
        self.k.must_refresh()
        self.k.wait_for(lambda: self.corezoid.held["token"]["access_token"] != first)
        self.assertEqual(self.corezoid.held["token"]["access_token"], self.token())
        self.assertIn("result", self.corezoid.call("profile", self.b24.ca))
        text = json.dumps(self.b24.posts())
        for secret in (planted["value"] for planted in self.b24.planted()
                       if planted["kind"] in ("refresh_token", "client_secret")):
            self.assertNotIn(secret, text)
        self.assertEqual(self.corezoid.ops, ["show", "create", "show", "modify"])

    def test_a_restart_writes_nothing(self) -> None:
        self.connect(self.k)
        self.k.provision()
        self.wait_task("ok")
        self.k.kill()
        self.k.start()
        self.wait_task("ok")
        self.assertNotIn("modify", self.corezoid.ops)

    def test_blanked_once_forgotten(self) -> None:
        self.connect(self.k)
        self.k.provision()
        self.wait_task("ok")
        self.b24.fault("webhook", "status", status=503, count=-1)
        self.k.must("auth forget")
        self.k.wait_status(corezoid_token="behind")
        self.k.kill()
        self.b24.clear_faults()
        self.k.start()
        task = self.wait_task("ok")
        self.assertEqual((task["access_token"], task["expires_at"], task["state"]),
                         ("", 0, "needs_code"))

    def test_blanked_before_the_settings_go(self) -> None:
        self.connect(self.k)
        self.k.provision()
        self.wait_task("ok")
        for change in ("set corezoid_token_conv 5", "set corezoid_token_ref other",
                       "unset corezoid_token_key"):
            self.assert_error(self.k.command(change), "task_in_use", "unset corezoid_token_conv")
        self.assertEqual(self.k.must("unset corezoid_token_conv")["corezoid_token_conv"], "")
        self.assertEqual(self.wait_task("off")["access_token"], "")
        self.k.must("unset corezoid_token_key")
        self.connect(self.k)
        self.assertEqual(self.wait_task("ok")["access_token"], self.token())
        answer = self.k.command(f"factory-reset {self.k.must('version')['id'][-4:]}")
        self.assertTrue(answer.ok, answer)
        self.assertEqual(self.corezoid.held["token"]["access_token"], "")

    def test_the_key_is_secret(self) -> None:
        self.connect(self.k)
        shown = self.k.must("show")
        self.assertRegex(shown["corezoid_token_key"], "^len=48 sha256=[0-9a-f]{8}$")
        self.assertEqual(shown["corezoid_token_ref"], "token")
        self.assertNotIn(self.corezoid.token_key, repr(shown) + repr(self.k.status()))


class TokenTaskExpires(TokenTaskCase):
    settings = {"access_life_s": 12}

    def test_blanked_when_the_token_ends(self) -> None:
        self.connect(self.k)
        self.k.provision()
        self.wait_task("ok")
        self.b24.fault("oauth", "status", status=503, count=-1)
        self.k.wait_for(lambda: self.corezoid.held["token"]["access_token"] == "")
        self.assertEqual(self.corezoid.held["token"]["state"], "retrying")


class TokenTaskOfTwo(TokenTaskCase):

    def test_the_second_leaves_it_alone_until_takeover(self) -> None:
        self.connect(self.k)
        self.k.provision()
        first = dict(self.wait_task("ok"))
        other = self.keeper(options=("--device-id", "gw-other"))
        self.connect(other)
        other.provision()
        self.assertEqual(self.wait_task("taken", other), first)
        self.assertEqual(other.wait_status(escalation="2")["corezoid_token"], "taken")
        other.must_refresh()
        other.pass_time(2)
        self.assertEqual(self.corezoid.held["token"], first)
        other.must("unset corezoid_token_conv")
        self.assertEqual(self.corezoid.held["token"], first)
        self.connect(other)
        self.wait_task("taken", other)
        other.must("corezoid_token takeover")
        self.assertEqual(self.wait_task("ok", other)["access_token"], self.token(other))
        other.wait_status(escalation="0")
        self.k.must_refresh()
        self.wait_task("taken")
        self.assertEqual(self.corezoid.held["token"]["access_token"], self.token(other))


class TokenTaskFaults(TokenTaskCase):

    def test_a_lost_answer_to_the_creation(self) -> None:
        self.b24.fault("webhook", "lost_answer", path="/api/", skip=1)
        self.k.provision()
        self.connect(self.k)
        self.assertEqual(self.wait_task("ok")["access_token"], self.token())
        self.assertEqual(self.corezoid.ops, ["show", "create", "show"])

    def test_errors_of_operations(self) -> None:
        self.corezoid.refuses = {"create": "no access"}
        self.connect(self.k)
        self.k.provision()
        self.assertEqual(self.k.wait_status(corezoid_token_error="escalate_refused")
                         ["corezoid_token"], "behind")
        self.corezoid.refuses = {}
        self.wait_task("ok")

    def test_a_task_that_has_ended_is_created_anew(self) -> None:
        self.connect(self.k)
        self.k.provision()
        self.wait_task("ok")
        self.corezoid.held.clear()
        self.k.must_refresh()
        self.k.wait_for(lambda: "token" in self.corezoid.held)

    def test_a_stalled_one_delays_no_refresh(self) -> None:
        self.b24.fault("webhook", "stall_at", byte=0, count=-1)
        self.k.provision()
        self.connect(self.k)
        self.k.wait_for(lambda: self.corezoid.ops)
        self.assertEqual(self.k.must_refresh()["generation"], "2")
        self.assertEqual(self.k.status()["corezoid_token"], "behind")
        self.b24.clear_faults()
        self.b24.drop("webhook")
        self.assertEqual(self.wait_task("ok")["access_token"], self.token())


if __name__ == "__main__":
    unittest.main()
