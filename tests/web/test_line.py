# SPDX-License-Identifier: Apache-2.0
"""What a serial line and the gateway behind it may do to the page."""

from typing import Callable

from case import HOME, SOONER, PageCase

# Each command of a first set-up, and the step in which it is sent.
COMMANDS = (("version", "connect"), ("status", "device"), ("time", "device"), ("seed", "device"),
            ("show", "portal"), ("set portal", "portal"), ("set client_id", "portal"),
            ("set client_secret", "portal"), ("set scope", "portal"), ("check", "portal"),
            ("auth begin", "login"), ("auth code", "login"))


class Line(PageCase):

    def click_on_to(self, command: str, click: Callable[[], None]) -> None:
        """Clicks, and what the page then asks for, until this command is sent."""
        click()
        names = [one for one, _ in COMMANDS]
        if names.index("set portal") <= names.index(command) <= names.index("set scope"):
            self.tool.wait_form()
            self.fill_form()
        elif command == "auth code":
            self.tool.wait_login()
            self.tool.click("Log in")

    def fill_form(self) -> None:
        b24 = self.b24
        self.tool.fill(portal=b24.portal, client_id=b24.client_id,
                       client_secret=b24.client_secret, scope="crm")
        self.tool.click("Save and check")

    def test_cut_at_each_command(self) -> None:
        """The step says so, and connecting again goes on from what the gateway knows."""
        tool = self.open()
        click = lambda: tool.click("Connect")  # noqa: E731
        for command, step in COMMANDS:
            self.cable.cut_at = command
            self.click_on_to(command, click)
            self.assertIn("connection to the gateway is gone", tool.error(step), command)
            self.assertEqual((tool.state(step), tool.focus_text()), ("stopped", "Connect again"))
            self.assertEqual(self.cable.cut_at, "")
            self.cable.plug()
            click = tool.way_out
        tool.way_out()
        tool.wait_login()
        tool.click("Log in")
        tool.wait_for("ready")

    def test_error_at_each_command(self) -> None:
        """The gateway's word stands beside the step or the field; its way out leads on."""
        tool = self.open()
        click = lambda: tool.click("Connect")  # noqa: E731
        for command, step in COMMANDS:
            if command == "version":
                continue  # test_no_answer, test_older_firmware
            self.cable.errors[command] = f"ERR storage_failed {command} failed"
            self.click_on_to(command, click)
            if command.startswith("set "):
                click = lambda: None  # noqa: E731  (the form stays)
                self.assert_field(command[4:], f"storage_failed: {command} failed.")
            else:
                click = tool.way_out
                self.assertEqual(tool.error(step), f"storage_failed: {command} failed.")
            if command == "set scope":
                click = self.fill_form
        tool.way_out()
        tool.wait_for("ready")

    def assert_field(self, name: str, words: str) -> None:
        """These words stand below a field, which has the focus."""
        self.tool.page.wait(f"document.getElementById('e-{name}').textContent === {words!r}")
        self.assertEqual(self.tool.focus(), f"f-{name}")
        self.assertEqual(self.tool.page.run("document.activeElement.ariaInvalid"), "true")

    def test_cut_during_the_login(self) -> None:
        self.b24.fault("portal", "status", path="/oauth/authorize", status=200, body="login")
        tool = self.to_login()
        tool.click("Log in")
        self.cable.cut()
        self.assertIn("gone", tool.error("login"))

    def test_cut_when_ready(self) -> None:
        tool = self.to_ready()
        self.cable.cut()
        self.assertIn("gone", tool.error("ready"))
        self.cable.plug()
        tool.way_out()
        tool.wait_for("ready")

    def test_refused_secret(self) -> None:
        """Another login would meet the same: the form opens."""
        tool = self.to_login()
        self.cable.errors["auth code"] = "ERR invalid_client set client_secret"
        tool.click("Log in")
        self.assertIn("invalid_client", tool.error("login"))
        tool.way_out()
        tool.wait_form()
        tool.fill(client_secret=self.b24.client_secret)
        tool.click("Save and check")
        tool.wait_login()
        tool.click("Log in")
        tool.wait_for("ready")

    def test_older_firmware(self) -> None:
        self.cable.errors["version"] = "OK version=0.1.9 board=host build=2026 id=h-1"
        tool = self.open()
        tool.click("Connect")
        self.assertIn("needs 0.2 or later", tool.error("connect"))
        self.assertEqual(self.cable.commands, ["version"])

    def test_no_answer(self) -> None:
        """Something else at the port."""
        self.cable.silent = "version"
        self.script = SOONER
        tool = self.open()
        tool.click("Connect")
        self.assertIn("does not answer as a tokenkeeper", tool.error("connect"))
        self.cable.silent = ""
        tool.way_out()
        tool.wait_form()

    def test_pin(self) -> None:
        self.configure()
        self.admin("set console_pin 135790")
        tool = self.open()
        tool.click("Connect")
        for pin in ("000000", "135790"):
            tool.page.wait("document.getElementById('f-pin')")
            tool.fill(pin=pin)
            tool.click("Unlock")
            if pin == "000000":
                tool.page.wait("document.getElementById('e-pin').textContent")
                self.assertIn("wrong_pin", tool.page.run(
                    "document.getElementById('e-pin').textContent"))
                self.cable.errors["pin"] = "OK"
                self.cable.errors["seed"] = "ERR seed_own it has a source"
        tool.wait_login()
        self.assertNotIn("135790", tool.lines())

    def test_half_a_line_before(self) -> None:
        """What another program typed is not run, and does not spoil the first command."""
        self.cable.type(b"factory-re")
        tool = self.open()
        tool.click("Connect")
        tool.wait_form()
        self.assertNotIn("unknown_command", tool.lines())

    def test_log_between(self) -> None:
        """10 KB of LOG lines before the answer to each command, and half of one."""
        log = b"".join(b"LOG error ref=token attempt=%d code=timeout\r\n" % n for n in range(256))
        for command, _ in COMMANDS:
            self.cable.before[command] = log
        self.cable.before["auth begin"] = log + b"tk> @1 auth beg\r\n"
        tool = self.open()
        tool.click("Connect")
        tool.wait_form()
        self.fill_form()
        tool.wait_login()
        tool.click("Log in")
        tool.wait_for("ready")
        self.assertLessEqual(tool.page.run(
            "document.getElementById('lines').childElementCount"), 2000)

    def test_answers_to_another_page(self) -> None:
        """A page that is loaded again takes no answer to what the former one asked."""
        self.cable.silent = "show"
        tool = self.open()
        tool.click("Connect")
        tool.page.wait("document.getElementById('device').dataset.state === 'done'")
        self.cable.silent = ""
        self.cable.before["status"] = b"".join(b"@%d ERR no_client of another page\r\n" % n for n in range(1, 60))
        tool.page.load(HOME)
        tool.click("Connect")
        tool.wait_form()

    def test_restart(self) -> None:
        tool = self.to_login()
        self.cable.show(b"EVT hello version=0.2.0 board=host id=h-1\r\n")
        self.assertIn("restarted", tool.error("login"))
        tool.way_out()
        tool.wait_login()

    def test_hidden_in_the_terminal(self) -> None:
        """What is typed is masked where it is a secret, and stays out of the lines."""
        tool = self.to_login()
        tool.page.run("document.getElementById('f-command').focus()")
        tool.page.type("set client_secret hunter2hunter2")
        self.assertEqual(tool.page.run("document.getElementById('f-command').type"), "password")
        tool.click("Send")
        tool.page.wait("document.getElementById('lines').innerText.includes('client_secret_len=14')")
        self.assertNotIn("hunter2", tool.page.run("document.documentElement.outerHTML"))
