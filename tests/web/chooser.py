#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The page in browsers with a window: their own lists of serial ports are answered by keys or mouse.

    python3 tests/web/chooser.py [Chromium | Firefox]

From Connect to ready, under Xvfb. Not run in CI: it needs Debian's xvfb, xdotool and firefox-esr
besides what run.py needs, port 7000 of localhost, and seconds for the browsers' windows.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path
from typing import Any

from case import HOME, PageCase, Site, Tool
from chromium import Browser, Failed, library
from keeper import PATIENT_S, WITH_US
from test_serve import free_port

FIREFOX = "firefox-esr"
SETTLE_S = 1.5  # until a window that has just appeared takes clicks and keys
PREFERENCES = {"marionette.port": 0, "browser.aboutwelcome.enabled": False,
               "browser.shell.checkDefaultBrowser": False,
               "datareporting.policy.dataSubmissionEnabled": False, "app.update.enabled": False}
ALLOW = """
const button = PopupNotifications.panel?.querySelector('popupnotification')?.button;
if (!button || PopupNotifications.panel.state !== 'open') return null;
const scale = window.devicePixelRatio, box = button.getBoundingClientRect();
return [(button.screenX + box.width / 2) * scale, (button.screenY + box.height / 2) * scale];
"""


def xdotool(*words: object) -> None:
    subprocess.run(["xdotool", *map(str, words)], check=True)


class Marionette:
    """Firefox, with the parts of Page that Tool uses."""

    def __init__(self, serial: str) -> None:
        self.profile = Path(tempfile.mkdtemp(prefix="tk-web-"))
        port = free_port()
        chosen = PREFERENCES | {"marionette.port": port}
        (self.profile / "user.js").write_text("".join(
            f'user_pref("{name}", {json.dumps(value)});\n' for name, value in chosen.items()))
        self.process = subprocess.Popen(
            [*WITH_US, FIREFOX, "--profile", str(self.profile), "--no-remote", "--marionette",
             "--remote-allow-system-access"], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            env=dict(os.environ) | {"LD_PRELOAD": library("serial_firefox"), "TK_SERIAL": serial,
                                    "HOME": str(self.profile)})
        self._line = self._connect(port)
        self._number = 0
        self._receive()
        self.send("WebDriver:NewSession", acceptInsecureCerts=True)

    @staticmethod
    def _connect(port: int) -> socket.socket:
        end = time.monotonic() + PATIENT_S
        while True:
            try:
                return socket.create_connection(("127.0.0.1", port))
            except ConnectionRefusedError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.1)

    def _receive(self) -> Any:
        length = b""
        while (byte := self._line.recv(1)) != b":":
            length += byte
        data = b""
        while len(data) < int(length):
            data += self._line.recv(int(length) - len(data))
        return json.loads(data)

    def send(self, method: str, **params: Any) -> Any:
        self._number += 1
        text = json.dumps([0, self._number, method, params])
        self._line.sendall(f"{len(text)}:{text}".encode())
        _, _, error, result = self._receive()
        if error:
            raise Failed(f"{method}: {error['message']}")
        return result

    def run(self, script: str, by_user: bool = False) -> Any:
        del by_user  # see press()
        return self.send("WebDriver:ExecuteScript", script=f"return ({script})", args=[])["value"]

    def wait(self, condition: str, seconds: float = PATIENT_S) -> None:
        end = time.monotonic() + seconds
        while not self.run(f"!!({condition})"):
            if time.monotonic() > end:
                raise Failed(f"{condition}: {self.run('document.body.innerText')}")
            time.sleep(0.1)

    def press(self, button: str) -> None:
        """A real click."""
        found = self.send("WebDriver:FindElement", using="css selector", value=f"#{button}")
        self.send("WebDriver:ElementClick", id=next(iter(found["value"].values())))

    def allow(self) -> None:
        """Clicks Allow in the list of ports."""
        self.send("Marionette:SetContext", value="chrome")
        place, end = None, time.monotonic() + PATIENT_S
        while not place and time.monotonic() < end:
            place = self.send("WebDriver:ExecuteScript", script=ALLOW, args=[])["value"]
            time.sleep(0.1)
        self.send("Marionette:SetContext", value="content")
        time.sleep(SETTLE_S)
        xdotool("mousemove", *map(int, place), "click", 1)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self._line.close()
        shutil.rmtree(self.profile, ignore_errors=True)


class Chromium(PageCase):

    @classmethod
    def start_browser(cls) -> None:
        cls.site = Site()
        cls.addClassCleanup(cls.site.close)
        cls.browser = Browser(str(cls.port), cls.hosts(), (), window=True)
        cls.addClassCleanup(cls.browser.close)

    def test_chosen_in_its_list(self) -> None:
        self.configure()
        tool = self.open()
        tool.page.send("Page.bringToFront")
        tool.click("Connect")
        time.sleep(SETTLE_S)
        for key in ("Tab", "Down", "Return"):
            xdotool("key", key)
        tool.wait_login()
        tool.click("Log in")
        tool.wait_for("ready")


class Firefox(PageCase):

    @classmethod
    def start_browser(cls) -> None:
        cls.site = Site(7000)
        cls.addClassCleanup(cls.site.close)

    def test_chosen_in_its_list(self) -> None:
        self.configure()
        firefox = Marionette(str(self.port))
        self.addCleanup(firefox.close)
        firefox.send("WebDriver:Navigate", url=HOME)
        tool = Tool(firefox)
        firefox.press("connect-button")
        firefox.allow()
        tool.wait_login()
        firefox.press("login-button")
        tool.wait_for("ready")


def main() -> int:
    for program in ("Xvfb", "xdotool", FIREFOX):
        if not shutil.which(program):
            sys.exit(f"{program} is missing: apt-get install xvfb xdotool firefox-esr")
    read, write = os.pipe()
    screen = subprocess.Popen([*WITH_US, "Xvfb", "-displayfd", str(write), "-screen", "0",
                               "1280x900x24"], pass_fds=[write], stderr=subprocess.DEVNULL)
    os.environ["DISPLAY"] = f":{os.read(read, 16).decode().strip()}"
    try:
        return 0 if unittest.main(exit=False).result.wasSuccessful() else 1
    finally:
        screen.kill()
        screen.wait()


if __name__ == "__main__":
    sys.exit(main())
