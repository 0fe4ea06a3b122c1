# SPDX-License-Identifier: Apache-2.0
"""Certificates, TLS, quirks and faults have the effect that they are documented with."""

from __future__ import annotations

import dataclasses
import http.client
import os
import shutil
import ssl
import subprocess
import tempfile
import threading
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import certs
import faults
import message
import oddities
import wire
from client import STALLED_S, Served, ask, connect, directory, exchange, refresh, talk, trusting
from patience import PATIENT_S

FAILURES = {"expired": "certificate has expired", "notyet": "not yet valid",
            "wrongname": "ostname mismatch", "selfsigned": "self-signed",
            "untrusted": "unable to get local issuer", "nochain": "unable to get local issuer",
            "constraint": "permitted subtree violation", "purpose": "purpose"}


class Certificates(unittest.TestCase):
    def setUp(self) -> None:
        self.home = Path(certs.generate(directory())).parent

    def verify(self, stem: str, *more: str) -> str:
        done = subprocess.run(
            ["openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-CAfile",
             self.home / "roots.pem", "-untrusted", self.home / f"{stem}.pem", *more,
             self.home / f"{stem}.pem"], capture_output=True, text=True)
        return done.stdout.strip() if done.returncode == 0 else done.stderr

    def test_valid_chains_verify_for_every_name(self) -> None:
        for stem in ("leaf-ec", "leaf-rsa", "shuffled"):
            for host in ("localhost", "oauth.bitrix.info", "oauth.bitrix24.tech",
                         "acme.bitrix24.com", "acme.bitrix24.ru"):
                self.assertTrue(self.verify(stem, "-verify_hostname", host).endswith("OK"), stem)
            for address in ("127.0.0.1", "::1"):
                self.assertTrue(self.verify(stem, "-verify_ip", address).endswith("OK"), stem)

    def test_invalid_chains_fail_as_named(self) -> None:
        for stem, words in FAILURES.items():
            self.assertIn(words, self.verify(stem, "-verify_hostname", "localhost"), stem)

    def test_existing_files_are_kept_and_missing_ones_generated(self) -> None:
        with tempfile.TemporaryDirectory() as copy:
            shutil.copytree(self.home, copy, dirs_exist_ok=True)
            before = (Path(copy) / "leaf-ec.pem").read_text()
            certs.generate(copy)
            self.assertEqual((Path(copy) / "leaf-ec.pem").read_text(), before)
            os.remove(Path(copy) / "leaf-rsa.key")
            certs.generate(copy)
            self.assertTrue((Path(copy) / "leaf-rsa.key").is_file())
            self.assertEqual((Path(copy) / "leaf-rsa.key").stat().st_mode & 0o777, 0o600)


class Tls(Served):
    def test_rejected_certificates_are_logged(self) -> None:
        for cert in FAILURES:
            self.b24.set(portal_cert=cert)
            with self.assertRaises(ssl.SSLCertVerificationError):
                connect(self.b24, self.b24.portal)
            with connect(self.b24, self.b24.oauth):     # the other listeners are not affected
                pass
        self.b24.drop()     # waits until all connections have been logged
        failed = [entry for entry in self.b24.log() if entry["event"] == "handshake_failed"]
        self.assertEqual(len(failed), len(FAILURES), failed)

    def test_rsa_and_versions(self) -> None:
        for cert, key_type in (("ec", "ECDSA"), ("rsa", "RSA")):
            for versions, wanted in (("1.2", "TLSv1.2"), ("1.3", "TLSv1.3"), ("any", "TLSv1.3")):
                self.b24.set(oauth_cert=cert, tls=versions)
                with connect(self.b24, self.b24.oauth) as sock:
                    self.assertEqual(sock.version(), wanted)
                    if versions == "1.2":
                        self.assertIn(key_type, sock.cipher()[0])

    def resumed(self, version: ssl.TLSVersion, **settings: Any) -> bool:
        self.b24.set(**settings)
        context = trusting(self.b24)
        context.maximum_version = version
        session = None
        for _ in range(2):
            with connect(self.b24, self.b24.oauth, context=context, session=session) as sock:
                ask(self.b24, self.b24.oauth, "/", sock=sock)
                session = sock.session      # TLS 1.3 sends the ticket after the handshake
                reused = sock.session_reused
                if not self.b24.state()["settings"]["resume"]:
                    self.assertFalse(session and session.has_ticket)
        logged = [entry["resumed"] for entry in self.b24.log() if entry["event"] == "request"]
        self.assertEqual(logged[-1], reused)
        return logged[-1]

    def test_sessions_resume_unless_configured_otherwise(self) -> None:
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            self.assertTrue(self.resumed(version, resume=True))
            self.assertFalse(self.resumed(version, resume=False))

    def test_forget_and_drop(self) -> None:
        self.b24.set(tls="1.2")
        sock = connect(self.b24, self.b24.oauth)
        session = sock.session
        self.b24.forget_sessions()
        with connect(self.b24, self.b24.oauth, context=sock.context, session=session) as again:
            self.assertFalse(again.session_reused)
        self.assertEqual(self.b24.drop("webhook"), {"dropped": 0})
        self.assertGreaterEqual(self.b24.drop("oauth")["dropped"], 1)
        with self.assertRaises(OSError):
            ask(self.b24, self.b24.oauth, "/", sock=sock)
        sock.close()

    def drop_when_stalled(self) -> None:
        while self.b24.faults():    # until it has fired
            time.sleep(0.01)
        self.b24.drop()

    def test_drop_ends_a_stall(self) -> None:
        for kind in ("stall_at", "stall_handshake"):
            self.b24.fault("portal", kind)
            dropper = threading.Thread(target=self.drop_when_stalled)
            dropper.start()
            self.assertIn(talk(self.b24, self.b24.portal)[1], ("fin", "reset"))
            dropper.join()

    def test_keep_alive_and_idle_timeout(self) -> None:
        with connect(self.b24, self.b24.oauth) as sock:
            for number in range(3):
                if number == 2:     # applies from the next response on
                    self.b24.set(keep_alive_s=0.1)
                self.assertEqual(ask(self.b24, self.b24.oauth, "/", sock=sock).status, 404)
            numbers = {e["connection"] for e in self.b24.log() if e["event"] == "request"}
            self.assertEqual(len(numbers), 1)
            self.assertEqual(sock.recv(1), b"")


class Quirks(Served):
    def body(self, **settings: Any) -> Any:
        self.b24.reset()
        self.b24.set(**settings)
        reply = exchange(self.b24)
        self.assertEqual(reply.status, 200)
        return reply

    def test_token_responses(self) -> None:
        self.assertNotIn("expires", self.body(omit_expires=True).json())
        self.assertNotIn("user_id", self.body(omit_user_id=True).json())
        self.assertEqual(self.body(scope_is_app=True).json()["scope"], "app")
        texts = self.body(numbers_as_strings=True).json()
        self.assertEqual((texts["expires_in"], texts["user_id"]), ("3600", "1"))
        self.assertGreater(len(self.body(extra_fields=True).json()), 11)
        self.assertNotIn(b"\\/", self.body(plain_slashes=True).body)
        self.assertEqual(len(self.body(token_digits=600).json()["access_token"]), 600)
        named = self.body(oauth_domain="oauth.bitrix24.tech", portal_domain="acme.bitrix24.ru")
        self.assertEqual(named.json()["server_endpoint"], "https://oauth.bitrix24.tech/rest/")
        self.assertEqual(named.json()["client_endpoint"], "https://acme.bitrix24.ru/rest/")

    def test_http(self) -> None:
        self.assertEqual(self.body(chunked=True).headers["Transfer-Encoding"], "chunked")
        ended = self.body(close_delimited=True)
        self.assertEqual((ended.headers["Content-Length"], ended.headers["Connection"]),
                         (None, "close"))
        self.assertEqual(self.body(keep_alive=False).headers["Connection"], "close")
        self.assertEqual(len(self.body(extra_headers=40).headers.get_all("Set-Cookie")), 40)
        before = int(time.time())
        date = parsedate_to_datetime(self.body(date_offset_s=-86400).headers["Date"])
        self.assertTrue(before <= date.timestamp() + 86400 <= time.time(), date)
        self.b24.set(interim=103)
        wanted = b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 401 Unauthorized\r\n"
        data, _ = talk(self.b24, self.b24.portal, limit=len(wanted))
        self.assertEqual(data[:len(wanted)], wanted)


class Faults(Served):
    tested: set[str] = set()

    def arm(self, kind: str, listener: str = "portal", **more: Any) -> None:
        self.tested.add(kind)
        self.b24.fault(listener, kind, **more)

    def talk(self, **more: Any) -> tuple[bytes, str]:
        return talk(self.b24, self.b24.portal, **more)

    @classmethod
    def tearDownClass(cls) -> None:
        assert cls.tested == set(faults.KINDS), set(faults.KINDS) - cls.tested

    def test_status_and_error(self) -> None:
        for body, wanted in (("html", b"<html>"), ("empty", b""), ("json", b'{"'), ("[1]", b"[1]")):
            self.arm("status", status=502, body=body, headers={"Retry-After": 7})
            reply = ask(self.b24, self.b24.portal, "/rest/scope")
            self.assertEqual((reply.status, reply.headers["Retry-After"]), (502, "7"))
            self.assertTrue(reply.body.startswith(wanted) and bool(reply.body) == bool(wanted))
        self.arm("error", code="expired_token", status=403, description="so")
        reply = ask(self.b24, self.b24.portal, "/rest/scope")
        self.assertEqual((reply.status, reply.json()),
                         (403, {"error": "expired_token", "error_description": "so"}))

    def test_odd(self) -> None:
        for name, sign in (("fold", b"default-src 'self';\r\n  script-src"),
                           ("continue", b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 401 "),
                           ("chunk_extension", b'\r\n28;odd="a;b";c\r\n')):
            self.arm("odd", name=name)
            self.assertIn(sign, self.talk(stalls_at=1)[0])
        self.arm("odd", name="closed_fin")
        self.assertEqual(self.talk()[1], "fin")
        with self.assertRaisesRegex(ValueError, "GET /oddities"):
            self.b24.fault("oauth", "odd", name="nope")

    def test_odd_processes_unless_it_is_an_error(self) -> None:
        for name, status in (("closed", 400), ("page_gzip", 200)):
            old = self.pair()
            self.arm("odd", "oauth", name=name)
            refresh(self.b24, old["refresh_token"])
            self.assertEqual(refresh(self.b24, old["refresh_token"]).status, status)

    def test_every_oddity_changes_the_response(self) -> None:
        pair = wire.json_response(self.pair(), plain_slashes=False)
        request = wire.Request("POST", "/oauth/token/", "HTTP/1.1", {})
        for row in oddities.TABLE:
            usual, odd = (message.compose(dataclasses.replace(pair), wire.Framing(), request)
                          for _ in range(2))
            for edit in row.edits:
                edit(odd)
            self.assertTrue(row.settings or odd.bytes() != usual.bytes() or odd.close or odd.record,
                            row.name)
        self.assertEqual(len({row.name for row in oddities.TABLE}), len(oddities.TABLE))
        self.assertEqual(len(self.b24.oddities()), len(oddities.TABLE))

    def test_redirect(self) -> None:
        self.arm("redirect", location="https://other.bitrix24.com/rest/scope")
        reply = ask(self.b24, self.b24.portal, "/rest/scope")
        self.assertEqual((reply.status, reply.headers["Location"]),
                         (302, "https://other.bitrix24.com/rest/scope"))

    def test_late_and_slow_responses(self) -> None:
        for kind, args in (("delay", {"seconds": 0.2}), ("drip", {"size": 20, "every": 0.02}),
                           ("stall_at", {"byte": 30, "seconds": 0.2}),
                           ("stall_handshake", {"seconds": 0.2})):
            self.arm(kind, **args)
            start = time.monotonic()
            self.assertEqual(ask(self.b24, self.b24.portal, "/rest/scope").status, 401)
            self.assertGreater(time.monotonic() - start, 0.15, kind)

    def test_holds_a_response_until_it_is_released(self) -> None:
        self.arm("hold")
        with ThreadPoolExecutor() as pool:
            asked = pool.submit(ask, self.b24, self.b24.portal, "/rest/scope")
            while not self.b24.release()["released"]:
                self.assertFalse(asked.done())
            self.assertEqual(asked.result(PATIENT_S).status, 401)
        for byte in (0, 40):  # these may be held a moment longer than their peer waits
            self.arm("hold", byte=byte)
            data, end = self.talk(stalls_at=byte)
            self.assertEqual((len(data), end), (byte, "timeout"))

    def test_a_release_meets_a_request_that_was_logged(self) -> None:
        """Its response is not held yet: the release counts for it, and the next one does not."""
        box = faults.FaultBox()
        box.add("portal", "hold")
        box.take("portal", "/rest/scope")
        self.assertEqual((box.release(), box.release()), (1, 0))
        box.hold(lambda seconds: self.fail("it waits for another release"))

    def test_stalls_forever_at_the_byte(self) -> None:
        for byte in (0, 1, 40):
            self.arm("stall_at", byte=byte)
            data, end = self.talk(stalls_at=byte)
            self.assertEqual((len(data), end), (byte, "timeout"))
        self.arm("stall_handshake")
        with self.assertRaises(TimeoutError):
            connect(self.b24, self.b24.portal, timeout=STALLED_S)

    def test_closes_and_resets_at_the_byte(self) -> None:
        for byte in (0, 1, 40):
            for kind, args, how in (("close_at", {}, "notify"), ("reset_at", {}, "reset"),
                                    ("close_at", {"notify": False}, "fin")):
                self.arm(kind, byte=byte, **args)
                data, end = self.talk()
                self.assertEqual((len(data), end), (byte, how))

    def test_refuse(self) -> None:
        for args, ends in (({}, ("notify", "reset")), ({"reset": True}, ("reset",)),
                           ({"tcp": True}, ("fin", "reset")),
                           ({"tcp": True, "reset": True}, ("reset",))):
            self.arm("refuse", **args)
            data, end = self.talk()
            self.assertEqual(data, b"")
            self.assertIn(end, ends, args)
        self.assertNotIn("request", [entry["event"] for entry in self.b24.log()])

    def test_cuts_within_a_request(self) -> None:
        body = {"fields": {"TITLE": "x" * 200}, "auth": self.pair()["access_token"]}
        for reset in (False, True):
            with connect(self.b24, self.b24.portal) as sock:
                self.assertEqual(self.rest("scope", body=body, sock=sock).status, 200)
                self.arm("cut_request", byte=300, path="/rest/crm", reset=reset)
                with self.assertRaises((OSError, http.client.HTTPException)):
                    self.rest("crm.lead.add", body=body, sock=sock)
            self.assertEqual(self.b24.log()[-1]["event"], "cut_request")
        self.assertNotIn("executed.crm.lead.add", self.b24.state()["counters"])
        self.arm("cut_request", byte=100_000)
        self.assertEqual(self.rest("crm.lead.add", body=body).status, 200)
        self.assertEqual(self.b24.faults(), [])

    def test_a_lost_response_rotates_the_pair(self) -> None:
        old = exchange(self.b24).json()
        for reset in (False, True):
            self.arm("lost_answer", "oauth", reset=reset)
            with self.assertRaises(OSError):
                refresh(self.b24, old["refresh_token"])
            entry = self.b24.log()[-1]
            self.assertEqual((entry["status"], entry["fault"]), (None, "lost_answer"))
            self.assertEqual(refresh(self.b24, old["refresh_token"]).error, "invalid_grant")
            self.assertEqual(self.b24.state()["pairs"][-1]["generation"], 2)
            self.b24.reset()
            old = exchange(self.b24).json()

    def test_process_selects_whether_the_request_is_processed(self) -> None:
        for process, status in ((False, 200), (True, 400)):
            old = exchange(self.b24).json()
            self.b24.fault("oauth", "status", process=process)
            self.assertEqual(refresh(self.b24, old["refresh_token"]).status, 503)
            self.assertEqual(refresh(self.b24, old["refresh_token"]).status, status)

    def test_invalid_bodies(self) -> None:
        self.arm("truncate")
        with self.assertRaises(ValueError):
            ask(self.b24, self.b24.portal, "/rest/scope").json()
        self.arm("garbage", bytes=333)
        self.assertEqual(len(ask(self.b24, self.b24.portal, "/rest/scope").body), 333)
        self.arm("garbage", http=False)
        self.assertEqual(len(self.talk()[0]), 200)
        self.arm("big", mb=2)
        reply = ask(self.b24, self.b24.portal, "/rest/scope")
        self.assertEqual((len(reply.body), reply.headers["Content-Length"]),
                         (2 << 20, str(2 << 20)))
        self.assertIsInstance(reply.json(), dict)

    def test_wrong_lengths(self) -> None:
        self.arm("wrong_length", by=10)
        head, body = self.talk()[0].split(b"\r\n\r\n")
        self.assertIn(b"Content-Length: %d\r\n" % (len(body) + 10), head)
        self.arm("wrong_length", by=-10)
        data, end = self.talk(stalls_at=1)  # one record: the first read returns all of it
        head, body = data.split(b"\r\n\r\n")
        self.assertIn(b"Content-Length: %d\r\n" % (len(body) - 10), head)
        self.assertEqual(end, "timeout")
        self.arm("bad_chunk", line="-1")
        data, end = self.talk()
        self.assertIn(b"Transfer-Encoding: chunked\r\n", data)
        self.assertIn(b"\r\n\r\n-1\r\n{", data)
        self.assertEqual(end, "notify")

    def test_endless(self) -> None:
        for kind, sign in (("endless_headers", b"\r\nX-Endless: xxx"),
                           ("endless_chunks", b"chunked"), ("endless_body", b"\r\n\r\n     ")):
            self.arm(kind)
            data, end = self.talk(limit=300_000)
            self.assertIn(sign, data)
            self.assertEqual((end, b"Content-Length" in data), ("more", False))

    def test_matching(self) -> None:
        def statuses(*paths: str) -> list[int]:
            return [ask(self.b24, self.b24.portal, path).status for path in paths]
        self.b24.fault("portal", "status", path="/rest/app", status=500, skip=1, count=2)
        self.assertEqual(statuses("/rest/app.info", "/rest/scope", "/rest/app.info",
                                  "/rest/app.info", "/rest/app.info"), [401, 401, 500, 500, 401])
        self.b24.fault("portal", "status", status=500, count=-1)
        self.b24.fault("webhook", "delay")
        self.assertEqual(statuses("/a", "/b", "/c"), [500, 500, 500])
        self.assertEqual(self.b24.clear_faults("portal"), {"cleared": 1})
        self.assertEqual(statuses("/rest/scope"), [401])
        self.assertEqual([fault["listener"] for fault in self.b24.faults()], ["webhook"])


class InvalidClients(Served):
    def test_requests_that_are_not_http(self) -> None:
        for bad in (b"\r\n\r\n", b"GET / HTTP/2\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n",
                    b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
                    b"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n+1\r\n",
                    b"GET / HTTP/1.1\r\nHost : x\r\n\r\n", b"x" * 70_000):
            with connect(self.b24, self.b24.oauth) as sock:
                sock.sendall(bad)
                self.assertTrue(sock.recv(100).startswith(b"HTTP/1.1 400 "), bad[:50])
        for odd in ("//[", "/?%ff=%", "/rest/%00?auth=" + "%ed%a0%80"):
            self.assertEqual(ask(self.b24, self.b24.portal, odd).status in (401, 404), True)
        reply = ask(self.b24, self.b24.portal, "/rest/profile", body={"auth": "\ud800"})
        self.assertEqual(reply.error, "invalid_token")

    def test_clients_that_close_within_a_request(self) -> None:
        request = b"POST /oauth/token/ HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nabcde"
        problems: list[Any] = []
        hook, threading.excepthook = threading.excepthook, problems.append
        try:
            for length in range(0, len(request), 7):
                with connect(self.b24, self.b24.oauth) as sock:
                    sock.sendall(request[:length])
            self.b24.drop()
            self.assertEqual(exchange(self.b24).status, 200)
        finally:
            threading.excepthook = hook
        self.assertEqual(problems, [])

    def test_chunked_request_and_expect(self) -> None:
        with connect(self.b24, self.b24.webhook) as sock:
            sock.sendall(b"POST /h HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
                         b"Transfer-Encoding: chunked\r\n\r\n")
            self.assertEqual(sock.recv(100), b"HTTP/1.1 100 Continue\r\n\r\n")
            sock.sendall(b"3\r\n[1,\r\n2;x=y\r\n2]\r\n0\r\n\r\n")
            self.assertTrue(sock.recv(1000).startswith(b"HTTP/1.1 200 OK\r\n"))
        self.assertEqual(self.b24.posts()[-1]["json"], [1, 2])


if __name__ == "__main__":
    unittest.main()
