# SPDX-License-Identifier: Apache-2.0
"""`tokenkeeper call` at a terminal."""

import json
import signal

from terminals import Terminal
from test_call import CallCase


class CallAtATerminal(CallCase):

    def at_terminal(self, *arguments: str) -> Terminal:
        return self.enterContext(Terminal("call", *arguments, env=self.k.env))

    def test_the_first_page_is_not_all(self) -> None:
        terminal = self.at_terminal("crm.deal.list", "select[]=ID")
        terminal.wait("tokenkeeper: 180 more rows: --all prints them")
        self.assertEqual(terminal.wait_end(), 0)
        terminal = self.at_terminal("crm.deal.list", "select[]=ID", "start:=200")
        self.assertEqual(terminal.wait_end(), 0)
        self.assertNotIn("--all", terminal.seen)

    def test_where_to_go_on_after_an_interruption(self) -> None:
        self.b24.fault("portal", "delay", path="/rest/crm.deal.list", skip=1, seconds=50)
        terminal = self.at_terminal("crm.deal.list", "--all", "select[]=ID")
        self.k.wait_for(lambda: self.executed("crm.deal.list") == 2)
        terminal.type("\x03")
        terminal.wait(" goes on")
        self.assertEqual(terminal.wait_end(), -signal.SIGINT)
        rows = [line for line in terminal.seen.splitlines() if line.startswith("{")]
        last = json.loads(rows[-1])["ID"]
        self.assertEqual(len(rows), 50)
        self.assertIn(f"the last ID is {last}; --after {last} goes on", terminal.seen)

    def test_an_interrupted_batch(self) -> None:
        self.b24.fault("portal", "delay", path="/rest/batch", seconds=50)
        file = self.k.home / "lines"
        file.write_text('{"method":"profile"}\n' * 2, "ascii")
        terminal = self.at_terminal("--batch", str(file))
        self.k.wait_for(lambda: self.executed("profile") >= 2)
        terminal.type("\x03")
        terminal.wait("the call of lines 1 to 2")
        self.assertEqual(terminal.wait_end(), -signal.SIGINT)
        self.assertNotIn("error", terminal.seen)

    def test_a_wait_for_a_limit_is_shown(self) -> None:
        self.b24.bill("profile", 480)
        terminal = self.at_terminal("profile")
        terminal.wait("\rwaiting for the portal or its limits, 3 s")
        terminal.type("\x03")
        self.assertEqual(terminal.wait_end(), -signal.SIGINT)
