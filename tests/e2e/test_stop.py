# SPDX-License-Identifier: Apache-2.0
"""Clean ends: SIGTERM, SIGINT and `reboot` at any moment of a refresh or an exchange.

The server honours only its newest pair: one answer that is not stored loses the grant.
$TK_STOPS: how many ends (default: each kind twice).
"""

import itertools
import json
import os
import re
import signal
import subprocess
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from keeper import PATIENT_S, PROGRAM, GatewayCase

# The moment, as a fault of the authorization server; then, whether the request was sent.
MOMENTS = (({"kind": "hold"}, True), ({"kind": "hold", "byte": 1}, True),
           ({"kind": "hold", "byte": 300}, True), ({"kind": "stall_handshake"}, False), (None, True))
ENDS = (signal.SIGTERM, signal.SIGINT, "reboot")
STOPS = int(os.environ.get("TK_STOPS", 2 * len(MOMENTS) * len(ENDS)))
UNIT = Path(__file__).resolve().parents[2] / "boards/host/tokenkeeper.service"


class Stop(GatewayCase):
    keeper_options = {"clock": "synchronized"}

    def ask_for_refresh(self, fault: dict | None):
        """Returns when the refresh is at that moment; without a fault, at any. The result is for
        answered()."""
        since = len(self.b24.log())
        if fault:
            self.b24.fault("oauth", count=1, **fault)
        asked = self.k.ask("auth refresh")
        if fault:
            self.k.wait_for(lambda: len(self.b24.log()) > since)
        return asked

    def end(self, how, sent: bool, held: bool) -> None:
        """Ends the service; a response that is held is released once the service waits for it."""
        start = len(self.k.out.all)
        self.k.type(b"\x03")  # Ctrl-C: the command ends, the request continues
        self.k.out.wait(r".*ERR cancelled|.*OK state=", start)
        if how == "reboot":
            self.k.type(b"@0 reboot\n")
        else:
            os.kill(self.k.process.pid, how)
        if held and sent:
            self.k.event("stopping awaits=answer", start)
            self.assertEqual(self.b24.release(), {"released": 1})
        if how == "reboot":
            self.k.event("hello", start)
        else:
            self.assertEqual(self.k.wait_end(), 0)
            self.k.start()

    def test_at_any_moment_of_a_refresh(self) -> None:
        self.k.provision()
        self.k.end()
        self.k.start()
        cases = itertools.cycle(itertools.product(MOMENTS, ENDS))
        for i, ((fault, sent), how) in zip(range(STOPS), cases):
            with self.subTest(i, fault=fault, how=how):
                before = int(self.k.status()["generation"])
                self.ask_for_refresh(fault)
                self.end(how, sent, fault is not None)
                self.b24.clear_faults()
                self.b24.drop()
                status = self.k.status()
                self.assertEqual((status["state"], status["intent"]), ("ready", "none"))
                if fault is not None:
                    self.assertEqual(int(status["generation"]), before + sent)
        self.assertTrue(self.k.must_refresh().ok)
        self.assertEqual(self.b24.state()["counters"].get("refresh.invalid_grant", 0), 0)

    def held_refresh(self) -> int:
        """A refresh waits for its response; returns the number of the next line of output."""
        self.k.provision()
        self.k.end()
        self.k.start()
        self.ask_for_refresh({"kind": "hold"})
        start = self.k.type(b"\x03")
        self.k.out.wait(".*ERR cancelled", start)
        return start

    def test_each_command_is_answered(self) -> None:
        """With OK where its request was sent and answered, else with ERR cancelled."""
        self.k.provision()
        for (fault, sent), how in itertools.product(MOMENTS[:4], (signal.SIGTERM, "reboot")):
            with self.subTest(fault=fault, how=how):
                self.k.end()
                self.k.start()
                asked = self.ask_for_refresh(fault)
                if how == "reboot":
                    self.reboot_from_another_console()
                else:
                    os.kill(self.k.process.pid, how)
                if sent:
                    self.assertEqual(self.b24.release(), {"released": 1})
                self.assertRegex(self.k.answered(asked).last,
                                 "^OK state=ready" if sent else "^ERR cancelled")
                if how != "reboot":
                    self.assertEqual(self.k.wait_end(), 0)
                    self.k.start()
                self.b24.clear_faults()
                self.b24.drop()

    def reboot_from_another_console(self) -> None:
        subprocess.run([PROGRAM, "console"], env=self.k.env, input="@1 reboot\n", text=True,
                       check=True, stdout=subprocess.DEVNULL, timeout=PATIENT_S)

    def test_during_an_exchange(self) -> None:
        self.k.configure()
        self.b24.fault("oauth", "hold", path="/oauth/token")
        redirect = self.k.redirect()
        start = len(self.k.out.all)
        self.k.ask(f"auth code {redirect}")
        self.k.wait_for(lambda: self.requests("exchange"))
        self.end(signal.SIGTERM, True, True)
        status = self.k.status()
        self.assertEqual((status["state"], status["generation"]), ("ready", "1"))
        self.assertTrue(self.k.must_refresh().ok)
        self.assertNotIn("app.info", str(self.b24.log()), "a request was begun after SIGTERM")
        self.assertGreater(len(self.k.out.all), start)

    def test_sigterm_may_be_repeated(self) -> None:
        start = self.held_refresh()
        for _ in range(3):
            os.kill(self.k.process.pid, signal.SIGTERM)
        os.kill(self.k.process.pid, signal.SIGHUP)
        self.k.event("stopping awaits=answer", start)
        self.assertEqual(self.k.get().returncode, 0, "a valid token is served meanwhile")
        self.b24.release()
        self.assertEqual(self.k.wait_end(), 0)
        self.k.start()
        self.assertEqual(self.k.status()["generation"], "2")

    def test_a_consumer_gets_the_token_that_it_waits_for(self) -> None:
        self.k.provision()
        self.k.end()
        self.k.start()
        since = len(self.b24.log())
        start = len(self.k.out.all)
        self.b24.fault("oauth", "hold", count=1)
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(self.k.get, "--json", "--rejected", "1")
            self.k.wait_for(lambda: len(self.b24.log()) > since)
            os.kill(self.k.process.pid, signal.SIGTERM)
            self.k.event("stopping awaits=answer", start)
            self.b24.release()
            done = waiting.result()
        self.assertEqual(self.k.wait_end(), 0)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout)["generation"], 2)
        self.k.start()

    def test_a_second_sigint_does_not_wait(self) -> None:
        start = self.held_refresh()
        os.kill(self.k.process.pid, signal.SIGTERM)
        self.k.event("stopping awaits=answer", start)
        os.kill(self.k.process.pid, signal.SIGINT)
        self.assertEqual(self.k.wait_end(), 0)
        self.b24.fault("oauth", "stall_handshake", count=-1)
        self.k.start()
        self.assertEqual(self.k.status()["intent"], "open")

    def test_the_unit_gives_it_enough_time(self) -> None:
        unit = UNIT.read_text()
        self.assertGreater(int(re.search(r"^TimeoutStopSec=(\d+)$", unit, re.M).group(1)), 30)


if __name__ == "__main__":
    unittest.main()
