# SPDX-License-Identifier: Apache-2.0
"""The page in Chromium, on a serial line to the real program, against the tests' Bitrix24."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT / "boards/host/web"), str(HERE.parent / "bitrix24")]
from chromium import CHROMIUM, Browser, Failed, Page  # noqa: E402  (extends sys.path)
from keeper import Keeper, query_of, record_secrets  # noqa: E402
from bitrix24 import Bitrix24  # noqa: E402
from cable import Cable  # noqa: E402
import serve  # noqa: E402

HOME = "http://localhost:7000/"
HOSTED = "http://gateways.example/"
SOONER = """{ const set = window.setTimeout; window.setTimeout = (act, ms, ...rest) =>
    set(act, ms === 60000 ? 50 : ms === 2500 ? 200 : ms, ...rest); }"""  # what the page waits for
STEPS = ("connect", "device", "portal", "login", "ready")


class Site:
    """Serves the page as serve.py does, at a port of its own, with more headers."""

    def __init__(self, port: int = 0) -> None:
        self.requests: list[str] = []
        self.headers: dict[str, str] = {}
        site = self

        class Handler(serve.Handler):
            headers_more = site.headers

            def do_GET(self) -> None:
                site.requests.append(self.path)
                super().do_GET()

        self._server = serve.Server(("127.0.0.1", port), Handler)
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Tool:
    """The page, as who uses it sees it."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def click(self, button: str) -> None:
        """A button, by its id or by its words."""
        self.page.run(f"""(() => {{
            const all = [...document.querySelectorAll('button, a.button')];
            const one = all.find((b) => b.id === {button!r} || b.textContent === {button!r});
            if (!one || one.disabled || !one.checkVisibility()) throw new Error('no {button}');
            one.click(); }})()""", by_user=True)

    def fill(self, **fields: str) -> None:
        for name, value in fields.items():
            self.page.run(f"document.getElementById('f-{name}').value = {value!r}")

    def state(self, step: str) -> str:
        return self.page.run(f"document.getElementById('{step}').dataset.state")

    def states(self) -> list[str]:
        return [self.state(step) for step in STEPS]

    def fact(self, step: str, name: str) -> str:
        return self.page.run(f"""[...document.querySelectorAll('#{step} .facts li')]
            .find((li) => li.firstChild.textContent === '{name}')?.lastChild.textContent ?? ''""")

    def status(self) -> str:
        return self.page.run("document.getElementById('status').textContent")

    def error(self, step: str) -> str:
        """What stands beside a step that stopped, once it stops; it has one button."""
        self.page.wait(f"document.querySelector('#{step} .error')")
        assert self.page.run("document.querySelectorAll('.error button').length") == 1
        return self.page.run(f"document.querySelector('#{step} .error p').textContent")

    def way_out(self) -> None:
        """Clicks the button of the error."""
        self.page.run("document.querySelector('.error button').click()", by_user=True)

    def key(self, name: str) -> None:
        if name == "Enter":
            self.page.key("Enter", 13, "\r")
        else:
            self.page.key("Tab", 9, shift=name == "Back")

    def focus(self) -> str:
        return self.page.run("document.activeElement.id")

    def focus_text(self) -> str:
        return self.page.run("document.activeElement.textContent")

    def command(self, text: str) -> None:
        """Sends a command as one types it beside the lines."""
        self.fill(command=text)
        self.click("Send")

    def link(self) -> dict[str, str]:
        """The parameters of the link to the portal."""
        return query_of(self.page.run("document.getElementById('login-link').href"))

    def lines(self) -> str:
        return self.page.run("document.getElementById('lines').innerText")

    def wait_for(self, step: str, state: str = "done") -> None:
        self.page.wait(f"document.getElementById('{step}').dataset.state === '{state}'")

    def wait_status(self, words: str) -> None:
        self.page.wait(f"document.getElementById('status').textContent.includes({words!r})")

    def wait_form(self) -> None:
        self.page.wait("document.getElementById('save-button').checkVisibility()")

    def wait_login(self) -> None:
        self.page.wait("!document.getElementById('login-button').disabled && "
                       "document.getElementById('login-button').checkVisibility()")


class PageCase(unittest.TestCase):
    """A browser and a Bitrix24 per class; a gateway and a tab per test."""

    script = ""          # runs before the page's own
    flags: tuple[str, ...] = ()

    @classmethod
    def setUpClass(cls) -> None:
        if not os.access(CHROMIUM, os.X_OK):
            raise AssertionError(f"{CHROMIUM} is missing: apt-get install chromium")
        if not Path("/sys/class/tty/ttyS0").exists():
            raise AssertionError("this kernel has no ttyS0, which the tests dress up as a gateway")
        cls.folder = tempfile.TemporaryDirectory(prefix="tk-web-")
        cls.addClassCleanup(cls.folder.cleanup)
        cls.port = Path(cls.folder.name) / "serial"
        cls.b24 = cls.bitrix24().start()
        cls.addClassCleanup(cls._stop)
        cls.start_browser()

    @classmethod
    def start_browser(cls) -> None:
        cls.site = Site()
        cls.addClassCleanup(cls.site.close)
        cls.browser = Browser(str(cls.port), cls.hosts(), (HOME[:-1], HOSTED[:-1]), *cls.flags)
        cls.addClassCleanup(cls.browser.close)

    @classmethod
    def bitrix24(cls) -> Bitrix24:
        return Bitrix24(handler=HOME, limit_rate=0.0)

    @classmethod
    def hosts(cls) -> dict[str, int]:
        """Where the names of the test lead."""
        names = ("localhost:7000", "127.0.0.1:7000", "[::1]:7000", "gateways.example:80")
        return {name: cls.site.port for name in names}

    @classmethod
    def _stop(cls) -> None:
        record_secrets(cls.b24)
        cls.b24.stop()

    def setUp(self) -> None:
        self.b24.drop()
        self.b24.reset()
        self.site.requests.clear()
        self.gateway()

    def gateway(self) -> None:
        place = f"{self.folder.name}/gateway"
        self.k = Keeper(self.b24, console=f"pty={place}")
        self.addCleanup(self.k.close)
        self.cable = Cable(self.port, place)
        self.addCleanup(self.cable.close)
        self.admin(f"set auth_host {self.b24.oauth}")

    def admin(self, *commands: str) -> None:
        """Commands that come another way than over the serial line."""
        typed = "".join(f"@{n} {command}\n" for n, command in enumerate(commands, 1))
        out = self.k.run("console", input=typed).stdout
        self.assertIn(f"@{len(commands)} OK", out)
        self.assertNotIn(" ERR ", out)

    def configure(self) -> None:
        b24 = self.b24
        self.admin(f"set portal {b24.portal}", f"set client_id {b24.client_id}",
                   f"set client_secret {b24.client_secret}")

    def open(self, url: str = HOME) -> Tool:
        """The page in a tab of its own."""
        self.tool = Tool(self.browser.open(url, self.script))
        self.thrown = len(self.browser.events_of("Runtime.exceptionThrown"))
        self.addCleanup(self._close_pages)
        return self.tool

    def _close_pages(self) -> None:
        thrown = self.browser.events_of("Runtime.exceptionThrown")
        self.assertEqual([one["exceptionDetails"] for one in thrown[self.thrown:]], [])
        for page in self.browser.pages():
            if page["url"] != "about:blank":
                try:
                    self.browser.send("Target.closeTarget", targetId=page["targetId"])
                except Failed:  # it has closed itself
                    pass

    def to_login(self) -> Tool:
        """As far as Log in can be clicked."""
        self.configure()
        tool = self.open()
        tool.click("Connect")
        tool.wait_login()
        return tool

    def to_ready(self) -> Tool:
        tool = self.to_login()
        tool.click("Log in")
        tool.wait_for("ready")
        return tool

    def requests(self, kind: str) -> list[dict]:
        return [entry for entry in self.b24.log() if entry.get("kind") == kind]
