# SPDX-License-Identifier: Apache-2.0
"""Servers that stall, break off, and never end: bounded time, bounded memory, a named error."""

import unittest

from keeper import PROGRAM, GatewayCase, Keeper

PEAK_KB = 16384   # whatever a server sends; less than the 10 MB of one of them above the usual
SANITIZED = "asan" in PROGRAM


class HostileCase(GatewayCase):

    def assert_small(self, keeper: Keeper) -> None:
        if not SANITIZED:
            self.assertLess(keeper.peak_kb(), PEAK_KB)

    def exchange(self, keeper: Keeper):
        return keeper.command(f"auth code {self.b24.code()['code']}")

    def refused(self, fault: dict, *codes: str) -> None:
        """The fault, an error that names it, and a good code afterwards."""
        self.b24.fault("oauth", **fault)
        answer = self.exchange(self.k)
        self.assertIn(answer.code, codes, f"{fault}: {answer}")
        self.assertEqual(self.k.status()["last_error"], answer.code)
        self.assert_small(self.k)
        self.b24.clear_faults()


class Answers(HostileCase):

    def setUp(self) -> None:
        super().setUp()
        self.k.configure()

    def tearDown(self) -> None:
        self.b24.clear_faults()
        self.assertTrue(self.exchange(self.k).ok)
        self.assertEqual(self.k.status()["last_error"], "none")

    def test_sizes(self) -> None:
        self.refused({"kind": "big", "mb": 10}, "http_too_large")
        self.refused({"kind": "endless_headers"}, "http_too_large", "http_malformed")
        self.refused({"kind": "endless_chunks"}, "http_too_large")
        self.refused({"kind": "endless_body"}, "http_too_large")

    def test_lengths(self) -> None:
        self.refused({"kind": "wrong_length", "by": 10}, "code_unanswered", "bad_answer")
        self.refused({"kind": "wrong_length", "by": -10}, "bad_answer")
        self.refused({"kind": "truncate"}, "bad_answer")
        self.refused({"kind": "bad_chunk"}, "http_malformed")
        self.refused({"kind": "bad_chunk", "line": "ffffffffffffffffff"}, "http_malformed",
                     "http_too_large")
        self.refused({"kind": "bad_chunk", "line": "-1"}, "http_malformed")

    def test_no_http(self) -> None:
        self.refused({"kind": "garbage", "bytes": 5000, "http": False}, "http_malformed",
                     "http_too_large", "code_unanswered")
        self.refused({"kind": "garbage", "bytes": 1000}, "bad_answer")
        self.refused({"kind": "garbage", "bytes": 100000}, "http_too_large", "bad_answer")

    def test_statuses(self) -> None:
        for status in (201, 204, 304, 400, 401, 403, 404, 418, 429, 500, 502, 503, 504, 599):
            for body in ("html", "empty", "json"):
                with self.subTest(status=status, body=body):
                    self.refused({"kind": "status", "status": status, "body": body},
                                 "http_status", "server_error", "server_busy", "bad_answer",
                                 "http_redirect", "oauth_error", "http_malformed")

    def test_redirects_are_not_followed(self) -> None:
        for status in (301, 302, 303, 307, 308):
            self.refused({"kind": "redirect", "status": status,
                          "location": f"https://{self.b24.webhook}/stolen"}, "http_redirect")
        self.assertEqual(self.b24.posts(), [])
        self.assertEqual([e for e in self.b24.log() if e["listener"] == "webhook"], [])

    def test_slow_but_good(self) -> None:
        self.b24.fault("oauth", "drip", size=1)
        self.assertTrue(self.exchange(self.k).ok)
        self.b24.fault("oauth", "delay", seconds=3)
        self.assertTrue(self.exchange(self.k).ok)
        self.assertEqual(self.k.status()["generation"], "2")

    def test_lost_answers(self) -> None:
        self.refused({"kind": "lost_answer"}, "code_unanswered")
        self.refused({"kind": "lost_answer", "reset": True}, "code_unanswered")

    def test_unknown_words(self) -> None:
        self.refused({"kind": "error", "code": "NO_AUTH_FOUND"}, "invalid_request")
        self.refused({"kind": "error", "code": "verification_needed"}, "oauth_error")


class Cut(HostileCase):
    """Closed and reset at many bytes of the answer; each position is a unit test's job."""

    def test_at_many_bytes(self) -> None:
        self.k.configure()
        whole = False
        for at in [*range(0, 40, 5), *range(40, 1400, 37)]:
            fault = {"kind": "reset_at"} if at % 2 else {"kind": "close_at", "notify": at % 4 == 0}
            self.b24.fault("oauth", byte=at, path="/oauth/token", **fault)
            answer = self.exchange(self.k)
            if not answer.ok:
                self.assertFalse(whole, f"a shorter answer was taken than the {at} bytes of this")
                self.assertIn(answer.code, ("code_unanswered", "bad_answer", "http_malformed"))
            whole = whole or answer.ok
            self.b24.clear_faults()
        self.assertTrue(whole)
        self.assert_small(self.k)


class Stall(HostileCase):

    def test_at_many_bytes(self) -> None:
        """All at a time, a keeper for each: they wait together."""
        keepers = [(self.keeper(), byte) for byte in (0, 1, 15, 100, 200, 300, 400, 500)]
        began = []
        for keeper, byte in keepers:
            keeper.configure()
            code = self.b24.code()["code"]
            seen = len(self.requests("exchange"))
            self.b24.fault("oauth", "stall_at", byte=byte, path="/oauth/token")
            began.append(keeper.ask(f"auth code {code}"))
            keeper.wait_for(lambda seen=seen: len(self.requests("exchange")) > seen)
        for (keeper, byte), asked in zip(keepers, began):
            answer = keeper.answered(asked)
            self.assertEqual(answer.code, "code_unanswered", f"{byte}: {answer}")
            self.assertEqual(keeper.status()["last_error"], "code_unanswered")
            self.assertTrue(self.exchange(keeper).ok)

    def test_handshake(self) -> None:
        self.k.configure()
        self.b24.fault("oauth", "stall_handshake", count=-1)
        answer = self.exchange(self.k)
        self.assertEqual(answer.code, "code_expired", repr(answer))
        self.assertEqual(self.requests("exchange"), [])


class StallOnce(HostileCase):

    def test_handshake(self) -> None:
        """It is given up early enough for another one within the code's time."""
        self.k.configure()
        self.b24.fault("oauth", "stall_handshake")
        answer = self.exchange(self.k)
        self.assertTrue(answer.ok, repr(answer))
        self.assertEqual(len(self.requests("exchange")), 1)


class StalledPortal(HostileCase):

    def test_the_pair_is_kept(self) -> None:
        self.k.configure()
        self.b24.fault("portal", "stall_at", byte=0, count=-1)
        answer = self.exchange(self.k)
        self.assertTrue(answer.ok, repr(answer))
        self.assertEqual((answer["state"], answer["generation"]), ("ready", "1"))
        self.assertEqual(self.k.get().returncode, 0)
        self.k.wait_status(rest="unreachable")


class Rotation(HostileCase):
    """The dangerous moment: the server has rotated, and the answer is lost."""
    settings = {"access_life_s": 15}

    def test_a_lost_answer_within_the_servers_grace(self) -> None:
        self.b24.set(old_refresh_grace_s=120)
        self.k.provision()
        self.b24.fault("oauth", "lost_answer")
        self.k.wait_status(state="ready", generation="2", intent="none")
        self.assertGreaterEqual(len(self.requests("refresh")), 2)
        self.assertEqual(len(self.requests("exchange")), 1)

    def test_a_lost_answer_without_grace_is_named(self) -> None:
        self.k.provision()
        self.b24.fault("oauth", "lost_answer")
        self.k.wait_status(state="needs_code", reason="rotation_lost")
        self.assertEqual(self.k.status()["escalation"][:1], "4")
        answer = self.k.must(f"auth code {self.k.redirect()}")
        self.assertEqual(answer["state"], "ready")


class Revoked(HostileCase):
    settings = {"access_life_s": 30}

    def test_revoked_is_named(self) -> None:
        self.k.provision()
        self.b24.revoke()
        self.assertFalse(self.k.refresh().ok)
        self.k.wait_status(state="needs_code", reason="revoked")
        self.assertEqual(self.k.get("--min-valid", "60").returncode, 0, "it is still valid")
        self.k.wait_status(expires_in="0")
        self.assertEqual(self.k.get("--min-valid", "60").returncode, 5)


if __name__ == "__main__":
    unittest.main()
