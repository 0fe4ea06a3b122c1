# SPDX-License-Identifier: Apache-2.0
"""Alerts: one RAISED and one CLEARED per fault, also across restarts."""

import unittest

from keeper import GatewayCase


class EscalationCase(GatewayCase):
    settings = {"access_life_s": 13}

    def provision(self) -> None:
        self.k.must(f"set escalate_url https://{self.b24.webhook}/alarm")
        self.k.provision()

    def wait_posts(self, *events: str) -> list[dict]:
        self.k.wait_for(lambda: len(self.b24.posts()) >= len(events))
        posts = [post["json"] for post in self.b24.posts()]
        self.assertEqual([post["event"] for post in posts], list(events))
        return posts

    def break_server(self) -> None:
        self.b24.fault("oauth", "status", status=503, count=-1)


class Escalation(EscalationCase):

    def test_raised_once_and_cleared_once(self) -> None:
        self.provision()
        self.break_server()
        self.k.event("escalation ref=token event=raised level=2")
        raised = self.wait_posts("raised")[0]
        self.assertEqual({"account", "device", "level", "since", "cause", "action", "said",
                          "next_try", "attempts", "event"} - set(raised), set())
        self.assertEqual((raised["account"], raised["cause"]), ("token", "server_busy"))
        self.k.event("escalation ref=token event=raised level=3")
        self.b24.clear_faults()
        self.k.event("escalation ref=token event=cleared")
        self.wait_posts("raised", "cleared")
        self.k.pass_time(2)
        self.wait_posts("raised", "cleared")


class EscalationAcrossRestarts(EscalationCase):

    def test_reported_once(self) -> None:
        self.provision()
        self.break_server()
        self.wait_posts("raised")
        self.k.kill()
        self.k.start()
        self.k.pass_time(5)
        self.wait_posts("raised")
        self.k.kill()
        self.b24.clear_faults()
        self.k.start()
        self.wait_posts("raised", "cleared")


class EscalationToAStalledWebhook(EscalationCase):

    def test_a_stalled_webhook_delays_no_refresh(self) -> None:
        self.b24.fault("webhook", "stall_at", byte=0, count=-1)
        self.provision()
        self.break_server()
        self.k.event("escalation ref=token event=raised level=2")
        self.b24.clear_faults("oauth")
        self.k.wait_status(state="ready", generation="2")


class EscalationToCorezoid(EscalationCase):

    def setUp(self) -> None:
        super().setUp()
        self.corezoid = self.b24.corezoid
        self.corezoid.reset()

    def sign(self) -> None:
        self.k.must(f"set escalate_url https://{self.b24.webhook}")
        self.k.must(f"set corezoid_login {self.corezoid.login}")
        answer = self.k.must(f"set corezoid_key {self.corezoid.key}")
        self.assertEqual(answer["corezoid_key_len"], str(len(self.corezoid.key)))
        self.k.must(f"set corezoid_conv {self.corezoid.conv}")

    def wait_tasks(self, count: int) -> list[dict]:
        self.k.wait_for(lambda: len(self.corezoid.tasks) >= count)
        return self.corezoid.tasks

    def test_raised_and_cleared(self) -> None:
        self.sign()
        self.k.provision()
        self.corezoid.keeps = True
        self.break_server()
        raised = self.wait_tasks(1)[0]
        self.b24.clear_faults()
        cleared = self.wait_tasks(2)[1]
        device = self.k.must("version")["id"]
        self.assertEqual(raised["ref"], f"{device}-token-{raised['data']['since']}")
        self.assertEqual([task["data"]["event"] for task in self.corezoid.tasks],
                         ["raised", "cleared"])
        self.assertEqual([task["data"]["ref"] for task in self.corezoid.tasks], [raised["ref"]] * 2)
        self.assertNotEqual(cleared["ref"], raised["ref"])
        self.assertTrue(raised["signed"] and cleared["signed"])

    def test_a_lost_response_creates_no_second_task(self) -> None:
        self.sign()
        self.k.provision()
        self.corezoid.keeps = True
        self.b24.fault("webhook", "close_at", byte=0, process=True)
        self.break_server()
        self.wait_tasks(1)
        self.k.wait_for(lambda: len(self.b24.posts()) >= 2)
        self.b24.clear_faults()
        self.wait_tasks(2)
        self.assertEqual([task["data"]["event"] for task in self.corezoid.tasks],
                         ["raised", "cleared"])

    def test_both_endpoints(self) -> None:
        self.sign()
        self.assertEqual(self.k.must("escalate test")["delivered"], "yes")
        self.k.must("set corezoid_key another")
        self.assert_error(self.k.command("escalate test"), "escalate_refused")
        self.k.must(f"set corezoid_key {self.corezoid.key}")
        self.k.must("set corezoid_conv 99")
        self.assert_error(self.k.command("escalate test"), "escalate_refused")
        for key in ("login", "key", "conv"):
            self.assert_error(self.k.command("escalate test"), *(
                ("escalate_refused",) if key == "login" else ("corezoid_partly", "unset all")))
            self.k.must(f"unset corezoid_{key}")
        self.k.must(f"set escalate_url https://{self.b24.webhook}/api/2/json/public/77/{'a1' * 20}")
        self.assertEqual(self.k.must("escalate test")["delivered"], "yes")
        self.assertEqual([task["signed"] for task in self.corezoid.tasks], [True, False])
        self.b24.fault("webhook", "status", status=200, body='{"request_proc":"ok","ops":[{"proc":"error"}]}')
        self.assert_error(self.k.command("escalate test"), "escalate_refused")

    def test_the_key_is_secret(self) -> None:
        self.sign()
        shown = self.k.must("show")
        self.assertRegex(shown["corezoid_key"], rf"^len={len(self.corezoid.key)} sha256=[0-9a-f]{{8}}$")
        self.assertEqual(shown["corezoid_login"], self.corezoid.login)
        start = len(self.k.out.all)
        self.k.plain(f"set corezoid_key {self.corezoid.key}")
        self.assertNotIn(self.corezoid.key, "\n".join(self.k.out.all[start:]))
        self.assertNotIn(self.corezoid.key, repr(shown) + repr(self.k.status()))

    def test_a_template_becomes_the_data_of_the_task(self) -> None:
        self.sign()
        self.k.must('set escalate_template {"text": "{account} {event}", "level": {level}}')
        self.k.kill()
        self.k.start()
        self.k.must("escalate test")
        self.assertEqual(self.corezoid.tasks[0]["data"], {"text": "token test", "level": 0})
        self.assert_error(self.k.command('set escalate_template {"text": "{acount}"}'),
                          "template_word", "account")


class EscalationTest(EscalationCase):
    settings = {}

    def test_on_demand(self) -> None:
        self.assert_error(self.k.command("escalate test"), "no_escalate_url", "set escalate_url")
        self.provision()
        self.assertEqual(self.k.must("escalate test")["delivered"], "yes")
        self.wait_posts("test")

    def test_rejected_by_the_webhook(self) -> None:
        self.provision()
        self.b24.fault("webhook", "status", status=404)
        answer = self.k.command("escalate test")
        self.assert_error(answer, "escalate_refused", "http=")
        self.assertEqual(answer["http"], "404")

    def test_the_header_is_sent_and_secret(self) -> None:
        self.provision()
        secret = "planted0secret0of0the0header"
        for bad in ("X-Key: a", "Authorization:a", f"Bearer {secret}"):
            self.assert_error(self.k.command(f"set escalate_header {bad}"), "bad_value")
        answer = self.k.must(f"set escalate_header Authorization: Bearer {secret}")
        self.k.must("escalate test")
        self.assertEqual(self.b24.posts()[0]["authorization"], f"Bearer {secret}")
        self.assertEqual(self.b24.posts()[0]["content_type"], "application/json")
        shown = repr(self.k.must("show")) + repr(answer) + repr(self.k.status())
        start = len(self.k.out.all)
        self.k.plain(f"set escalate_header Authorization: Bearer {secret}")
        self.assertNotIn(secret, shown + "\n".join(self.k.out.all[start:]))
        self.k.must("unset escalate_header")
        self.k.must("escalate test")
        self.assertIsNone(self.b24.posts()[1]["authorization"])

    def test_the_url_is_secret(self) -> None:
        url = f"https://{self.b24.webhook}/hook/planted0secret0of0the0webhook"
        answer = self.k.must(f"set escalate_url {url}")
        shown = repr(self.k.must("show")) + repr(answer) + repr(self.k.status())
        self.assertNotIn("planted0secret", shown)
        self.assertNotIn("planted0secret", "\n".join(self.k.out.all))


if __name__ == "__main__":
    unittest.main()
