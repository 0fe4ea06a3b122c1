# SPDX-License-Identifier: Apache-2.0
"""Somebody is told: once when a fault begins, once when it ends, over restarts too."""

import time
import unittest

from keeper import PATIENT_S, GatewayCase


class EscalationCase(GatewayCase):
    settings = {"access_life_s": 13}

    def provision(self) -> None:
        self.k.must(f"set escalate_url https://{self.b24.sink}/alarm")
        self.k.provision()

    def wait_posts(self, *events: str) -> list[dict]:
        end = time.monotonic() + PATIENT_S
        while [post["json"]["event"] for post in self.b24.posts()] != list(events):
            self.assertLess(time.monotonic(), end, f"{events} != {self.b24.posts()}")
            time.sleep(0.1)
        return [post["json"] for post in self.b24.posts()]

    def break_server(self) -> None:
        self.b24.fault("oauth", "status", status=503, count=-1)


class Escalation(EscalationCase):

    def test_raised_once_and_cleared_once(self) -> None:
        self.provision()
        self.break_server()
        self.k.event("escalation ref=token event=raised level=2")
        raised = self.wait_posts("raised")[0]
        self.assertEqual({"account", "device", "level", "since", "cause", "action", "next_try",
                          "attempts", "event"} - set(raised), set())
        self.assertEqual((raised["account"], raised["cause"]), ("token", "server_busy"))
        self.k.event("escalation ref=token event=raised level=3")
        self.b24.clear_faults()
        self.k.event("escalation ref=token event=cleared")
        self.wait_posts("raised", "cleared")
        time.sleep(2)
        self.wait_posts("raised", "cleared")


class EscalationOverARestart(EscalationCase):

    def test_told_once(self) -> None:
        self.provision()
        self.break_server()
        self.wait_posts("raised")
        self.k.kill()
        self.k.start()
        time.sleep(5)
        self.wait_posts("raised")
        self.k.kill()
        self.b24.clear_faults()
        self.k.start()
        self.wait_posts("raised", "cleared")


class EscalationWithoutASink(EscalationCase):

    def test_a_stalled_sink_delays_no_refresh(self) -> None:
        self.b24.fault("sink", "stall_at", byte=0, count=-1)
        self.provision()
        self.break_server()
        self.k.event("escalation ref=token event=raised level=2")
        self.b24.clear_faults("oauth")
        self.k.wait_status(state="ready", generation="2", seconds=40)


class EscalationTest(EscalationCase):
    settings = {}

    def test_on_demand(self) -> None:
        self.assert_error(self.k.command("escalate test"), "no_escalate_url", "set escalate_url")
        self.provision()
        self.assertEqual(self.k.must("escalate test")["delivered"], "yes")
        self.wait_posts("test")

    def test_refused_by_the_sink(self) -> None:
        self.provision()
        self.b24.fault("sink", "status", status=404)
        answer = self.k.command("escalate test")
        self.assert_error(answer, "escalate_refused", "http=")
        self.assertEqual(answer["http"], "404")

    def test_its_address_is_a_secret(self) -> None:
        url = f"https://{self.b24.sink}/hook/planted0secret0of0the0webhook"
        answer = self.k.must(f"set escalate_url {url}")
        shown = repr(self.k.must("show")) + repr(answer) + repr(self.k.status())
        self.assertNotIn("planted0secret", shown)
        self.assertNotIn("planted0secret", "\n".join(self.k.out.all))


if __name__ == "__main__":
    unittest.main()
