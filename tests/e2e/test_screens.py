# SPDX-License-Identifier: Apache-2.0
"""What an operator sees of the console in screen, picocom and minicom, on 80 columns and 24 rows."""

import os
import subprocess
import time

from keeper import GatewayCase, Keeper
from patience import PATIENT_S

PROGRAMS = {"picocom": "picocom -q {}", "screen": "screen {} 115200", "minicom": "minicom -o -D {}"}
SCHEME = "http://"
ADDRESS = SCHEME + "localhost:7000/?code=c0de5ecret\n&state=0123456789abcdef&domain=h.bitrix24.com"


class Screen:
    """A program in a terminal of tmux, and what stands on it."""

    def __init__(self, keeper: Keeper, program: str) -> None:
        self._server = str(keeper.home / "tmux")
        self._env = keeper.env | {"TERM": "screen", "LANG": "C"}
        self._tmux("-f", os.devnull, "new-session", "-d", "-x", "80", "-y", "24",
                   program.format(keeper.home / "tty"))

    def _tmux(self, *arguments: str) -> str:
        return subprocess.run(["tmux", "-S", self._server, *arguments], env=self._env, check=True,
                              timeout=PATIENT_S, capture_output=True, text=True).stdout

    def close(self) -> None:
        self._tmux("kill-server")

    def press(self, *keys: str) -> None:
        self._tmux("send-keys", *keys)

    def type(self, text: str) -> None:
        self._tmux("send-keys", "-l", text)

    def lines(self) -> list[str]:
        """What is shown, without the empty rows at the end."""
        return self._tmux("capture-pane", "-p").rstrip("\n").split("\n")

    def wait(self, *last: str) -> None:
        """Until these are the last lines above the status line that a program may have."""
        end = time.monotonic() + PATIENT_S
        while not self._ends_with(list(last)):
            if time.monotonic() > end:
                raise AssertionError(f"no {last} in {self.lines()}")
            time.sleep(0.02)

    def _ends_with(self, last: list[str]) -> bool:
        lines = [line.rstrip() for line in self.lines() if line and "CTRL-A Z" not in line]
        return lines[-len(last):] == last


class OnAScreen(GatewayCase):
    keeper_options = {"start": False}

    def screens(self) -> dict[str, Screen]:
        """Each program with a gateway of its own; all start at once."""
        screens = {}
        for name, program in PROGRAMS.items():
            keeper = self.keeper(start=False)
            link = keeper.home / "tty"
            keeper.command_line[keeper.command_line.index("stdio")] = f"pty={link}"
            keeper.start(hello=False)
            keeper.wait_for(link.exists)
            screens[name] = Screen(keeper, program)
            self.addCleanup(screens[name].close)
        return screens

    def prompt_of(self, screen: Screen) -> None:
        """A key may come before the program reads them."""
        end = time.monotonic() + PATIENT_S
        while not any(line.startswith("tk>") for line in screen.lines()):
            self.assertLess(time.monotonic(), end, screen.lines())
            screen.press("Enter")
            time.sleep(0.05)

    def test_a_line_is_edited_and_a_code_is_hidden(self) -> None:
        screens = self.screens()
        for name, screen in screens.items():
            with self.subTest(name):
                self.prompt_of(screen)
                screen.type("logg infoo")
                screen.press("Home", "Right", "Right", "Right", "DC", "End", "BSpace")
                screen.wait("tk> log info")
                screen.press("Enter")
                screen.wait("tk> log info", "OK log=info", "tk>")
                screen.press("Up", "Left", "Left", "BSpace")
                screen.wait("tk> log ifo")
                screen.press("C-u", "C-k")
                screen.type("x" * 100)
                screen.wait("tk> " + "x" * 61)
                screen.press("C-w")
                screen.type(ADDRESS)
                screen.wait(f"tk> {SCHEME}")
                screen.press("Enter")
                screen.wait(
                    f"tk> {SCHEME}({len(ADDRESS) - len(SCHEME) - 1} characters, hidden)",
                    "ERR no_client set portal, client_id and client_secret first", "tk>")
                shown = "\n".join(screen.lines())
                for part in ("c0de", "5ecret", "state=", "domain"):
                    self.assertNotIn(part, shown)
                screen.press("Up")
                screen.wait("tk>")
