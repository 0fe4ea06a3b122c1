# SPDX-License-Identifier: Apache-2.0
"""Takes pictures of the page, each step and each kind of error, to be looked at.

    cd tests/web && python3 -m unittest pictures        into build/web/
"""

from __future__ import annotations

from pathlib import Path

from case import ROOT, PageCase, Tool
from keeper import query_of

FOLDER = ROOT / "build/web"
WIDTHS = {360: 740, 768: 1024, 1280: 860}


class Pictures(PageCase):

    def take(self, tool: Tool, name: str) -> None:
        FOLDER.mkdir(parents=True, exist_ok=True)
        for width, height in WIDTHS.items():
            for dark in (False, True):
                file = FOLDER / f"{name}-{width}-{'dark' if dark else 'light'}.png"
                tool.page.picture(file, width, height, dark)
        tool.page.picture(FOLDER / "last.png", 1280, 860, False)

    def link_state(self) -> str:
        href = self.tool.page.run("document.getElementById('login-link').href")
        return query_of(href)["state"]

    def test_steps(self) -> None:
        tool = self.open()
        self.take(tool, "1-start")
        tool.click("Connect")
        tool.page.wait("document.getElementById('save-button').checkVisibility()")
        self.take(tool, "2-form")
        tool.fill(portal="acme.example com", client_id=self.b24.client_id)
        tool.fill(client_secret=self.b24.client_secret)
        tool.click("Save and check")
        tool.page.wait("document.getElementById('e-portal').textContent")
        self.take(tool, "3-field-error")
        tool.fill(portal=self.b24.portal, client_secret=self.b24.client_secret)
        tool.click("Save and check")
        tool.wait_login()
        self.take(tool, "4-login")
        tool.page.run("window.open = () => null; document.getElementById('paste').open = true")
        tool.click("Log in")
        self.take(tool, "5-blocked")
        tool.fill(paste=self.b24.code(state=self.link_state())["redirect"])
        tool.click("paste-button")
        tool.wait_for("ready")
        self.take(tool, "6-ready")
        self.cable.cut()
        tool.error("ready")
        self.take(tool, "7-lost")

    def test_errors(self) -> None:
        self.configure()
        self.cable.errors["check"] = "ERR tls_untrusted no trusted root signed the server's " \
            "certificate; have the server send its intermediates, or add its root (help ca), or " \
            "suspect interception"
        tool = self.open()
        tool.click("Connect")
        tool.error("portal")
        self.take(tool, "8-check")
        tool.way_out()
        tool.wait_login()
        self.cable.errors["auth code"] = "ERR invalid_client the server rejects client_id or " \
            "client_secret; check client_id, set client_secret, then auth begin: this code is used up"
        tool.click("Log in")
        tool.error("login")
        self.take(tool, "9-refused")

    def test_places(self) -> None:
        self.take(self.open("http://127.0.0.1:7000/"), "10-address")
        self.take(self.open("http://localhost:7000/?code=1&state=2"), "11-window")
