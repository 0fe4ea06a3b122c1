# SPDX-License-Identifier: Apache-2.0
"""From a gateway on the line to a token, and what may stand in the way of the login."""

from case import HOME, HOSTED, SOONER, PageCase
from keeper import secrets_of


class Flow(PageCase):

    flags = ("--unsafely-treat-insecure-origin-as-secure=http://gateways.example",)

    def test_form_login_ready(self) -> None:
        """A gateway that knows nothing yet; afterwards no secret is left in the page."""
        tool = self.open()
        tool.click("Connect")
        tool.wait_form()
        tool.fill(portal=self.b24.portal, client_id=self.b24.client_id,
                  client_secret=self.b24.client_secret, scope="crm,user")
        tool.click("Save and check")
        tool.wait_login()
        self.assertEqual(tool.page.run("document.getElementById('f-client_secret').value"), "")
        tool.click("Log in")
        tool.wait_for("ready")
        self.assertEqual(tool.states(), ["done"] * 5)
        self.assertEqual(tool.fact("connect", "gateway"), self.k.run(
            "console", input="@1 version\n").stdout.split(" id=")[1].split()[0])
        self.assertIn("generation 1", tool.fact("ready", "token"))
        self.assertEqual(len(self.requests("exchange")), 1)
        tool.command("token")
        tool.page.wait("document.getElementById('lines').innerText.includes('access_token=')")
        shown = tool.page.run("document.documentElement.outerHTML")
        self.assertEqual([one for one in secrets_of(self.b24) if one in shown], [])
        self.assertEqual(tool.page.run("Object.keys(localStorage).length + document.cookie"), "0")

    def test_two_clicks(self) -> None:
        """A gateway that is configured: Connect, Log in. Only the page itself was requested."""
        tool = self.to_ready()
        took = tool.page.run("performance.now()")
        self.assertEqual(self.cable.commands[-3:-1:2], ["auth begin"])
        self.assertFalse([one for one in self.cable.commands if one.startswith("set ")])
        self.assertEqual([one.partition("?")[0] for one in self.site.requests], ["/", "/"])
        self.assertEqual({one["request"]["url"] for one in tool.page.events("Network."
                          "requestWillBeSent") if not one["request"]["url"].startswith("data:")},
                         {HOME})
        self.assertEqual(tool.page.events("Log.entryAdded"), [])
        print(f"\n= page load to ready: {took / 1000:.2f} s")

    def test_ready_already(self) -> None:
        """A gateway with a token is shown, and nothing is changed."""
        self.to_ready()
        done = len(self.cable.commands)
        again = self.tool
        again.page.load(HOME)
        again.click("Connect")
        again.wait_for("ready")
        self.assertLessEqual({one.split()[0] for one in self.cable.commands[done:]},
                             {"version", "status", "time", "show"})
        again.click("Next gateway")
        again.page.wait("document.activeElement.id === 'connect-button'")
        again.click("Connect")
        again.wait_for("ready")
        again.click("Log in again")
        again.wait_login()
        again.click("Log in")
        again.page.wait("document.getElementById('ready').innerText.includes('generation 2')")

    def test_keyboard(self) -> None:
        """Focus moves to what comes next: Enter is enough."""
        self.configure()
        tool = self.open()
        tool.page.send("Page.bringToFront")
        tool.key("Enter")
        tool.wait_login()
        tool.key("Enter")
        tool.wait_for("ready")
        self.assertEqual(tool.focus(), "next-button")
        self.admin("auth forget")
        tool.key("Enter")
        tool.page.wait("document.activeElement.id === 'connect-button'")
        tool.key("Enter")
        tool.wait_login()
        seen = [tool.focus()]
        for _ in range(5):
            tool.key("Tab")
            seen.append(tool.focus())
        self.assertEqual(seen, ["login-button", "", "copy-button", "lines", "f-command",
                                "send-button"])  # "": the summary of the paste field
        for _ in range(6):
            tool.key("Back")
        self.assertEqual(tool.focus(), "change-button")

    def test_names(self) -> None:
        """Every control has a name, in each state of the page."""
        tool = self.open()
        self.assert_named(tool)
        tool.click("Connect")
        tool.wait_form()
        self.assert_named(tool)
        tool.fill(portal="a b", client_id="c", client_secret="d")
        tool.click("Save and check")
        tool.page.wait("document.getElementById('e-portal').textContent")
        self.assertEqual(tool.focus(), "f-portal")
        self.assertEqual(tool.page.run("document.activeElement.ariaInvalid"), "true")
        self.assert_named(tool)

    def assert_named(self, tool) -> None:
        nodes = tool.page.send("Accessibility.getFullAXTree")["nodes"]
        controls = [one for one in nodes if not one["ignored"] and one["role"]["value"] in
                    ("button", "textbox", "link", "log", "DisclosureTriangle", "list")]
        self.assertGreater(len(controls), 5)
        self.assertEqual([one for one in controls if not one.get("name", {}).get("value") and
                          one["role"]["value"] != "list"], [])

    def test_sizes(self) -> None:
        """Nothing is cut off at 360 px; 200 % zoom of 720 px is the same."""
        tool = self.to_login()
        for width in (320, 360, 768, 1280):
            tool.page.send("Emulation.setDeviceMetricsOverride", width=width, height=800,
                           deviceScaleFactor=1, mobile=False)
            wide = tool.page.run("document.documentElement.scrollWidth")
            self.assertLessEqual(wide, width)
        small = tool.page.run("""[...document.querySelectorAll('button, input, summary, a')]
            .filter((e) => e.checkVisibility() && e.getBoundingClientRect().height < 24).length""")
        self.assertEqual(small, 0)

    def test_loopback_address(self) -> None:
        for host in ("127.0.0.1", "[::1]"):
            tool = self.open(f"http://{host}:7000/")
            self.assertIn("http://localhost:7000/",
                          tool.page.run("document.getElementById('notice').textContent"))
            self.assertTrue(tool.page.run("document.getElementById('connect-button').disabled"))

    def test_hosted(self) -> None:
        """The page from a server, which might send another one tomorrow: it takes no secret."""
        tool = self.open(HOSTED)
        self.assertFalse(tool.page.run("!!document.getElementById('f-client_secret')"))
        tool.click("Connect")
        self.assertIn("set client_secret", tool.error("portal"))
        tool.command("set client_secret abcdefgh")
        tool.page.wait("document.getElementById('lines').innerText.includes('takes no secrets')")
        self.assertFalse([one for one in self.cable.commands if one.startswith("set")])
        self.configure()
        tool.way_out()
        tool.wait_login()
        self.assertEqual(tool.page.run("document.querySelector('.handler').textContent"), HOSTED)

    def test_forbidden(self) -> None:
        """A server that forbids serial ports."""
        self.site.headers["Permissions-Policy"] = "serial=()"
        self.addCleanup(self.site.headers.clear)
        tool = self.open()
        tool.click("Connect")
        self.assertIn("Permissions-Policy", tool.error("connect"))


class Login(PageCase):

    def popup(self, url: str) -> None:
        """A window of the portal ends at this address."""
        self.tool.page.run(f"void window.open({url!r})", by_user=True)

    def redirect(self, state: str = "") -> str:
        return self.b24.code(state=state or self.tool.link()["state"])["redirect"]

    def test_portal_with_coop(self) -> None:
        """A portal that severs the opener: the window still passes the code on, and closes."""
        self.b24.fault("portal", "status", path="/oauth/authorize", status=200,
                       body="<script>location.reload()</script>",
                       headers={"Cross-Origin-Opener-Policy": "same-origin"})
        tool = self.to_ready()
        self.assertEqual(len(self.requests("authorize")), 2)
        self.assertEqual(len(self.requests("exchange")), 1)
        tool.page.wait_closed(1)

    def test_wrong_state(self) -> None:
        """A login that this page did not ask for is dropped; its own is taken."""
        tool = self.to_login()
        self.popup(self.redirect("0123456789abcdef"))
        tool.wait_status("did not ask for")
        self.assertEqual(tool.state("login"), "open")
        tool.click("Log in")
        tool.wait_for("ready")
        self.assertEqual(len(self.requests("exchange")), 1)

    def test_second_message(self) -> None:
        """Only the first answer goes to the gateway."""
        tool = self.to_login()
        tool.page.run(f"""(() => {{ const c = new BroadcastChannel('tokenkeeper');
            c.postMessage({{ url: {self.redirect()!r} }});
            c.postMessage({{ url: {self.redirect()!r} }}); }})()""")
        tool.wait_for("ready")
        sent = [one for one in self.cable.commands if one.startswith("auth code")]
        self.assertEqual(len(sent), 1)

    def test_window_closed(self) -> None:
        """That is no failure: the login is still waited for, and can be begun again."""
        self.b24.fault("portal", "status", path="/oauth/authorize", status=200, body="login")
        tool = self.to_login()
        tool.click("Log in")
        window = tool.page.wait_window("/oauth/authorize")
        self.k.wait_for(lambda: self.requests("authorize"))
        self.browser.send("Target.closeTarget", targetId=window)
        tool.page.wait_closed(1)
        self.assertEqual(tool.state("login"), "open")
        tool.click("Log in")
        tool.wait_for("ready")

    def test_refused(self) -> None:
        """The portal's own word, then another login."""
        tool = self.to_login()
        self.popup(f"{HOME}?error=access_denied&state={tool.link()['state']}")
        self.assertIn("access_denied", tool.error("login"))
        tool.way_out()
        tool.wait_for("ready")

    def test_blocked_window(self) -> None:
        tool = self.to_login()
        tool.page.run("window.open = () => null")
        tool.click("Log in")
        self.assertEqual(tool.focus(), "login-link")
        tool.click("Open the portal")
        tool.wait_for("ready")

    def test_pasted(self) -> None:
        tool = self.to_login()
        tool.page.run("document.getElementById('paste').open = true")
        for text, words in (("https://acme.bitrix24.com/oauth/authorize/?code=", "link to open"),
                            ("hello", "no code=")):
            tool.fill(paste=text)
            tool.click("Send to the gateway")
            self.assertIn(words, tool.page.run("document.getElementById('e-paste').textContent"))
        tool.fill(paste=f" <{self.redirect().replace('&', '&amp;')}>, ")
        tool.click("Send to the gateway")
        tool.wait_for("ready")

    def test_window_without_a_page(self) -> None:
        """The code leaves the address bar, and the window says what to do."""
        tool = self.open(f"{HOME}?code=abc&state=def")
        self.assertEqual(tool.page.run("location.href"), HOME)
        tool.page.wait("document.getElementById('message').textContent.includes('No page')")
        self.assertNotIn("abc", tool.page.run("document.documentElement.outerHTML"))

    def test_no_login(self) -> None:
        """A minute that is over at once."""
        self.b24.fault("portal", "status", path="/oauth/authorize", status=200, body="login")
        self.script = SOONER
        tool = self.to_login()
        tool.click("Log in")
        self.k.wait_for(lambda: self.requests("authorize"))
        self.assertIn("No login came back in 60 seconds", tool.error("login"))
        tool.way_out()
        tool.wait_for("ready")
