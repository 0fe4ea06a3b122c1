# SPDX-License-Identifier: Apache-2.0
"""READMEs show what the program does: their sessions are typed, and the answers compared."""

import json
import re
import unittest
from datetime import datetime, timezone

from keeper import ROOT, GatewayCase
from sessions import Player, sessions


class Readme(GatewayCase):

    def test_a_first_token(self) -> None:
        self.k.must(f"set auth_host {self.b24.oauth}")
        steps, = sessions("README.md", "A first token")
        self.assertEqual([step.command.split(" ")[0] for step in steps],
                         ["set", "set", "set", "check", "auth", "auth"])
        Player(self.k, {"portal": self.b24.portal, "client_id": self.b24.client_id,
                        "client_secret": self.b24.client_secret}).play(steps)


class ReadmeEscalation(GatewayCase):
    """The JSON in core/escalate/README.md is what arrives: the same keys in the same order, and the
    same values except for names, times and counts."""

    README = ROOT / "core/escalate/README.md"
    settings = {"access_life_s": 13}
    VARIES = {"device", "portal", "ref", "since", "next_try", "attempts", "since_utc",
              "next_try_utc"}

    def shown(self) -> list[str]:
        return re.findall(r"```json\n(.*?)```", self.README.read_text(), re.S)

    def same(self, post: dict, shown: dict) -> None:
        self.assertEqual(list(post), list(shown))
        self.assertEqual({key: type(value) for key, value in post.items()},
                         {key: type(value) for key, value in shown.items()})
        for key in set(shown) - self.VARIES:
            self.assertEqual(post[key], shown[key], key)
        for one in (post, shown):
            for name in ("since", "next_try"):
                moment = datetime.fromtimestamp(one[name], timezone.utc)
                self.assertEqual(one[name + "_utc"], f"{moment:%Y-%m-%dT%H:%M:%SZ}")
            self.assertEqual(one["ref"], f"{one['device']}-{one['account']}-{one['since']}")

    def test_raised_and_cleared(self) -> None:
        raised, cleared = [json.loads(text) for text in self.shown()[:2]]
        self.k.must(f"set escalate_url https://{self.b24.webhook}/alarm")
        self.k.provision()
        self.b24.fault("oauth", "status", status=503, count=-1)
        self.k.wait_for(lambda: self.b24.posts())
        self.b24.clear_faults()
        self.k.wait_for(lambda: len(self.b24.posts()) == 2)
        posts = [post["json"] for post in self.b24.posts()]
        self.same(posts[0], raised)
        self.same(posts[1], cleared)
        self.assertEqual(posts[0]["ref"], posts[1]["ref"])
        status = self.k.status()
        self.assertGreater(int(status["failed_retry"]) + int(status["failed_wait"]), 0)
        self.assertGreater(int(status["refreshes_ok"]), 0)
        self.assertGreater(int(status["heap_peak"]), 20000)
        self.assertGreater(int(status["resident_peak_kb"]), 1000)
        happened = [line.partition(" ")[2] for line in self.k.must("history").lines]
        self.assertEqual(happened, ["boot=1 event=started", "boot=1 event=exchanged ref=token",
                                    "boot=1 event=raised ref=token level=2 cause=server_busy",
                                    "boot=1 event=cleared ref=token cause=server_busy"])

    def test_a_template(self) -> None:
        template = self.shown()[2].strip()
        self.k.must(f"set escalate_url https://{self.b24.webhook}/alarm")
        self.k.must(f"set escalate_template {template}")
        self.k.must("escalate test")
        device = self.k.must("version")["id"]
        self.assertEqual(self.b24.posts()[0]["json"],
                         {"chat_id": -1001234567890, "text": f"{device}: token test, level 0. ",
                          "data": {"since": 0}})


if __name__ == "__main__":
    unittest.main()
