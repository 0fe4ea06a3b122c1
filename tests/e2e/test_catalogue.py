# SPDX-License-Identifier: Apache-2.0
"""core/oauth/errors.md: every row, with a server that responds so over real TLS."""

import contextlib
import re
import socket
import threading
import unittest

from answers import FAILURES, REST, ROWS, STATES, Row
from keeper import GatewayCase, ProvisionedCase

import catalogue

EVENT = r"escalation ref=token event=raised level=(\d) cause=(\w+)"


class CatalogueCase(ProvisionedCase):

    def refresh_fails(self, error: str, action: str, word: str = "") -> None:
        """Checks everything that the document says about a refresh that ends so."""
        state, reason, level = STATES[action]
        start = len(self.k.out.all)
        answer = self.k.command("auth refresh")
        self.assertEqual(answer.code, error, repr(answer))
        self.assertEqual(answer.values.get("said", ""), word)
        status = self.k.status()
        wanted = {"state": state, "reason": error if reason == "error" else reason,
                  "last_error": error, "said": word, "rest": "unknown"}
        self.assertEqual({key: status[key] for key in wanted}, wanted)
        raised = re.search(EVENT, self.k.event(EVENT, start))
        cause = "invalid_grant" if action == "reauth" else error
        self.assertEqual(raised.groups(), (level, cause))
        self.assertTrue(self.k.must("token 1")["access_token"], "the token is valid and served")
        if action == "block":
            self.assertIn(int(status["next_refresh_in"]), range(3500, 3601))
        if action == "reauth":
            self.assertEqual(status["next_refresh_in"], "none")

    def recovers(self, action: str) -> None:
        if action == "block":
            self.k.must("auth refresh")
        elif action == "reauth":
            self.assertEqual(self.k.command("auth refresh").code, "needs_code")
            self.k.must(f"auth code {self.k.redirect()}")
        self.k.wait_status(state="ready", reason="none", escalation="0", last_error="none",
                           said="", intent="none")

    def drive(self, rows: list[Row]) -> None:
        self.assertGreater(len(rows), 5)
        for row in rows:
            with self.subTest(row=row):
                self.b24.clear_faults()
                self.restart()
                self.b24.fault("oauth", count=-1, **row.fault())
                self.refresh_fails(row.error, row.action, row.said)
                self.b24.clear_faults()
                self.recovers(row.action)


class Document(unittest.TestCase):

    def test_lists_every_row_of_the_catalogue(self) -> None:
        known = {(row.server, row.status, row.body) for row in ROWS}
        for row in catalogue.TABLE:
            server = "oauth" if row.where == "oauth" else "portal"
            body = f"v3 `{row.code}`" if row.where == "rest3" else f"`{row.code}`"
            self.assertIn((server, row.status, body), known)


class Transient(CatalogueCase):
    """Errors that are retried."""

    def test_each(self) -> None:
        self.drive([row for row in ROWS if row.server == "oauth"
                    and row.action in ("retry", "wait")])


class Permanent(CatalogueCase):
    """Errors that require an operator."""

    def test_each(self) -> None:
        self.drive([row for row in ROWS if row.server == "oauth"
                    and row.action in ("block", "reauth")])


class Relay:
    """Forwards connections to a server, on a port that can be closed and opened again."""

    def __init__(self, target: str) -> None:
        host, _, port = target.rpartition(":")
        self._target, self.port = (host, int(port)), 0
        self.open()

    def open(self) -> None:
        if self.port and self._listening.fileno() >= 0:
            return
        self._listening = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listening,), daemon=True).start()

    def close(self) -> None:
        with contextlib.suppress(OSError):  # ends accept(); it may be closed already
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _accept(self, listening: socket.socket) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                near = listening.accept()[0]
                threading.Thread(target=self._forward, args=(near,), daemon=True).start()

    def _forward(self, near: socket.socket) -> None:
        with near, contextlib.suppress(OSError), socket.create_connection(self._target) as far:
            back = threading.Thread(target=self._copy, args=(far, near), daemon=True)
            back.start()
            self._copy(near, far)
            back.join()

    @staticmethod
    def _copy(source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)


CHAINS = "tests/unit/https/chains"


class NoResponse(CatalogueCase):

    UNDRIVEN = {
        "clock_unknown": "this machine has a clock", "not_seeded": "... and random numbers",
        "no_memory": "no setting is long enough", "timeout": "30 s; board tests",
        "name_unknown": "unit tests", "tls_weak": "no such certificate in tests/bitrix24",
        "tls_extension": CHAINS, "tls_curve": CHAINS, "tls_algorithm": CHAINS,
        "tls_bad_certificate": CHAINS, "tls_no_common": CHAINS, "tls_alert": "unit tests",
        "tls_failed": "unit tests", "http_coded": "unit tests",
        "tls_no_memory": "board tests"}
    CERTIFICATES = {"tls_untrusted": "untrusted", "tls_self_signed": "selfsigned",
                    "tls_wrong_name": "wrongname", "tls_expired": "expired",
                    "tls_not_yet_valid": "notyet", "tls_constraint": "constraint",
                    "tls_purpose": "purpose"}
    FAULTS = {"connection_lost": {"kind": "close_at", "process": False},
              "http_malformed": {"kind": "garbage", "http": False, "bytes": 4000},
              "http_too_large": {"kind": "big", "mb": 0.1, "process": False}}

    keeper_options = {"clock": "synchronized"}  # no Date confirms it

    def setUp(self) -> None:
        GatewayCase.setUp(self)
        self.relay = Relay(self.b24.oauth)
        self.addCleanup(self.relay.close)
        self.k.provision(auth_host=f"localhost:{self.relay.port}")

    def test_each(self) -> None:
        driven = {*self.CERTIFICATES, *self.FAULTS, "connect_failed"}
        self.assertEqual(set(driven) | set(self.UNDRIVEN), set(FAILURES))
        for error in sorted(driven):
            with self.subTest(error):
                self.restart()
                self.cause(error)
                self.refresh_fails(error, FAILURES[error])
                self.b24.clear_faults()
                self.b24.set(oauth_cert="ec")
                self.relay.open()
                self.recovers(FAILURES[error])

    def cause(self, error: str) -> None:
        if error in self.CERTIFICATES:
            self.b24.forget_sessions()
            self.b24.set(oauth_cert=self.CERTIFICATES[error])
        elif error in self.FAULTS:
            self.b24.fault("oauth", count=-1, **self.FAULTS[error])
        else:
            self.relay.close()


class Portal(CatalogueCase):
    """Errors of the portal change no state and raise no alert, except that it refuses the user."""

    def test_each(self) -> None:
        self.b24.set(limit_rate=0)
        for row in [row for row in ROWS if row.server == "portal"]:
            with self.subTest(row=row):
                self.b24.clear_faults()
                self.b24.fault("portal", path="/rest/", count=-1, **row.fault())
                self.assertEqual(self.k.command("check").code, row.error)
                status = self.k.status()
                state = (("blocked", row.error, "4") if row.error == "user_refused"
                         else ("ready", "none", "0"))
                wanted = {"last_error": row.error, "said": row.said, "rest": REST[row.action],
                          "generation": "1"}
                wanted |= zip(("state", "reason", "escalation"), state)
                self.assertEqual({key: status[key] for key in wanted}, wanted)
                self.b24.clear_faults()
                self.k.must("check")
                status = self.k.status()
                self.assertEqual((status["rest"], status["last_error"], status["state"],
                                  status["escalation"]), ("ok", "none", "ready", "0"))


class RefusedToken(CatalogueCase):

    def test_is_refreshed_once(self) -> None:
        self.b24.fault("portal", "error", path="/rest/", code="expired_token")
        self.assertEqual(self.k.command("check").code, "token_refused")
        self.k.wait_status(generation="2", rest="ok", last_error="none")


if __name__ == "__main__":
    unittest.main()
