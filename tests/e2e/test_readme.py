# SPDX-License-Identifier: Apache-2.0
"""README's session is what the program does: what it shows is typed, and the answers compared."""

import json
import re
import unittest

from keeper import ROOT, GatewayCase

DIGEST = re.compile(r"len=\d+ |sha256=[0-9a-f]{8}|expires_in=\d+|\(\d+ characters")


def masked(line: str) -> str:
    return DIGEST.sub("#", line)


class Readme(GatewayCase):

    def session(self) -> list[str]:
        text = (ROOT / "README.md").read_text()
        return [line.strip() for block in re.findall(r"```\n(.*?)```", text, re.S)
                if "tk> " in block for line in block.splitlines()]

    def shown_after(self, beginning: str, lines: list[str]) -> list[str]:
        at = next(i for i, line in enumerate(lines) if line.startswith("tk> " + beginning))
        after = lines[at + 1:]
        ends = next(i for i, line in enumerate(after) if line.startswith("OK"))
        return after[:ends + 1]

    def test_what_is_set(self) -> None:
        lines = self.session()
        commands = [line.removeprefix("tk> ") for line in lines if line.startswith("tk> set ")]
        self.assertGreaterEqual(len(commands), 3)
        for command in commands:
            if command == "set client_secret":
                start = self.k.type(b"set client_secret\r")
                self.k.type(self.b24.client_secret.encode() + b"\r")
                end = self.k.out.wait("OK", start)
                seen = [line for line in self.k.out.all[start:end + 1] if line != command]
            else:
                seen = [self.k.plain(command).last]
            self.assertEqual([masked(line) for line in seen],
                             [masked(line) for line in self.shown_after(command[:14], lines)])

    def test_the_link_and_the_code(self) -> None:
        lines = self.session()
        self.k.configure()
        begun = self.k.plain("auth begin")
        shown = self.shown_after("auth begin", lines)
        self.assertEqual([line.partition("=")[0] for line in begun.lines + [begun.last]],
                         [line.partition("=")[0] for line in shown])
        redirect = self.b24.code(state=begun["state"])["redirect"]
        start = len(self.k.out.all)
        answer = self.k.plain(f"auth code {redirect}")
        echo = next(line for line in self.k.out.all[start:] if line.startswith("auth code"))
        self.assertEqual(masked("tk> " + echo),
                         masked(next(line for line in lines if line.startswith("tk> auth code"))))
        self.assertEqual([masked(answer.last)],
                         [masked(line) for line in self.shown_after("auth code", lines)])


class ReadmeEscalation(GatewayCase):
    """The JSON in core/escalate/README.md is what arrives: the same keys in the same order, and the
    same values except for names, times and counts."""

    README = ROOT / "core/escalate/README.md"
    settings = {"access_life_s": 13}
    VARIES = {"device", "portal", "ref", "since", "next_try", "attempts"}

    def shown(self) -> list[str]:
        return re.findall(r"```json\n(.*?)```", self.README.read_text(), re.S)

    def same(self, post: dict, shown: dict) -> None:
        self.assertEqual(list(post), list(shown))
        self.assertEqual({key: type(value) for key, value in post.items()},
                         {key: type(value) for key, value in shown.items()})
        for key in set(shown) - self.VARIES:
            self.assertEqual(post[key], shown[key], key)
        for one in (post, shown):
            self.assertEqual(one["ref"], f"{one['device']}-{one['account']}-{one['since']}")

    def test_raised_and_cleared(self) -> None:
        raised, cleared = [json.loads(text) for text in self.shown()[:2]]
        self.k.must(f"set escalate_url https://{self.b24.sink}/alarm")
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
        self.k.must(f"set escalate_url https://{self.b24.sink}/alarm")
        self.k.must(f"set escalate_template {template}")
        self.k.must("escalate test")
        device = self.k.must("version")["id"]
        self.assertEqual(self.b24.posts()[0]["json"],
                         {"chat_id": -1001234567890, "text": f"{device}: token test, level 0. ",
                          "data": {"since": 0}})


if __name__ == "__main__":
    unittest.main()
