# SPDX-License-Identifier: Apache-2.0
"""Servers that stall, close early or send endlessly: bounded time and memory, specific errors."""

import unittest

from keeper import PROGRAM, GatewayCase, Keeper

PEAK_KB = 16384   # for any response; the usual plus less than the 10 MB of the largest one
SANITIZED = "asan" in PROGRAM


class HostileCase(GatewayCase):

    def assert_small(self, keeper: Keeper) -> None:
        if not SANITIZED:
            self.assertLess(keeper.peak_kb(), PEAK_KB)

    def exchange(self, keeper: Keeper):
        return keeper.command(f"auth code {self.b24.code()['code']}")

    def refused(self, fault: dict, *codes: str) -> None:
        """Injects the fault, expects one of the errors; a valid code works afterwards."""
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
        self.b24.fault("oauth", "wrong_length", by=10)     # the pair is there, the rest never comes
        self.assertTrue(self.exchange(self.k).ok)
        self.b24.clear_faults()
        self.refused({"kind": "wrong_length", "by": -10}, "bad_answer")
        self.refused({"kind": "truncate"}, "bad_answer")
        self.refused({"kind": "bad_chunk"}, "http_malformed")
        self.refused({"kind": "bad_chunk", "line": "ffffffffffffffffff"}, "http_malformed",
                     "http_too_large")
        self.refused({"kind": "bad_chunk", "line": "-1"}, "http_malformed")

    def test_invalid_http(self) -> None:
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

    def test_slow_responses(self) -> None:
        self.b24.fault("oauth", "drip", size=1)
        self.assertTrue(self.exchange(self.k).ok)
        self.b24.fault("oauth", "delay", seconds=3)
        self.assertTrue(self.exchange(self.k).ok)
        self.assertEqual(self.k.status()["generation"], "2")

    def test_lost_responses(self) -> None:
        self.refused({"kind": "lost_answer"}, "code_unanswered")
        self.refused({"kind": "lost_answer", "reset": True}, "code_unanswered")

    def test_unknown_errors(self) -> None:
        self.refused({"kind": "error", "code": "NO_AUTH_FOUND"}, "invalid_request")
        self.refused({"kind": "error", "code": "verification_needed"}, "oauth_error")


class Cut(HostileCase):
    """Closed and reset at many positions of the response; unit tests cover every position."""

    def test_at_many_bytes(self) -> None:
        self.k.configure()
        whole = False
        for at in [*range(0, 40, 5), *range(40, 1400, 37)]:
            fault = {"kind": "reset_at"} if at % 2 else {"kind": "close_at", "notify": at % 4 == 0}
            self.b24.fault("oauth", byte=at, path="/oauth/token", **fault)
            answer = self.exchange(self.k)
            if not answer.ok:
                self.assertFalse(whole, f"accepted with fewer than {at} bytes")
                self.assertIn(answer.code, ("code_unanswered", "bad_answer", "http_malformed"))
            whole = whole or answer.ok
            self.b24.clear_faults()
        self.assertTrue(whole)
        self.assert_small(self.k)


class Stall(HostileCase):

    def test_at_many_bytes(self) -> None:
        """All at the same time, a keeper for each."""
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
        """The attempt is abandoned early enough for a second one within the life of the code."""
        self.k.configure()
        self.b24.fault("oauth", "stall_handshake")
        answer = self.exchange(self.k)
        self.assertTrue(answer.ok, repr(answer))
        self.assertEqual(len(self.requests("exchange")), 1)


class StalledPortal(HostileCase):

    def test_keeps_the_pair(self) -> None:
        self.k.configure()
        self.b24.fault("portal", "stall_at", byte=0, count=-1)
        answer = self.exchange(self.k)
        self.assertTrue(answer.ok, repr(answer))
        self.assertEqual((answer["state"], answer["generation"]), ("ready", "1"))
        self.assertEqual(self.k.get().returncode, 0)
        self.k.wait_status(rest="unreachable")


class Rotation(HostileCase):
    """The server has rotated the pair, and the response is lost."""
    settings = {"access_life_s": 15}

    def test_a_lost_response_within_the_grace_period(self) -> None:
        self.b24.set(old_refresh_grace_s=120)
        self.k.provision()
        self.b24.fault("oauth", "lost_answer")
        self.k.wait_status(state="ready", generation="2", intent="none")
        self.assertGreaterEqual(len(self.requests("refresh")), 2)
        self.assertEqual(len(self.requests("exchange")), 1)

    def test_a_lost_response_without_a_grace_period(self) -> None:
        self.k.provision()
        self.b24.fault("oauth", "lost_answer")
        self.k.wait_status(state="needs_code", reason="rotation_lost")
        self.assertEqual(self.k.status()["escalation"][:1], "4")
        answer = self.k.must(f"auth code {self.k.redirect()}")
        self.assertEqual(answer["state"], "ready")


class Revoked(HostileCase):
    settings = {"access_life_s": 30}

    def test_is_reported(self) -> None:
        self.k.provision()
        self.b24.revoke()
        self.assertFalse(self.k.refresh().ok)
        self.k.wait_status(state="needs_code", reason="revoked")
        self.assertEqual(self.k.get("--min-valid", "60").returncode, 0, "the token is still valid")
        self.k.wait_status(expires_in="0")
        self.assertEqual(self.k.get("--min-valid", "60").returncode, 5)


if __name__ == "__main__":
    unittest.main()
