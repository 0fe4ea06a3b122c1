#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The main job as a story: python3 tests/demo.py build/host/tokenkeeper

Starts our own Bitrix24 and the service, plays the operator at its console and an integrator's
script on the same machine, and prints what happens. Exits with 1 when a step fails.
"""

from __future__ import annotations

import os
import pty
import re
import select
import shlex
import signal
import subprocess
import sys
import tempfile
import time
import urllib.parse
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE / "bitrix24"), str(HERE / "e2e")]
import preload  # noqa: E402
from bitrix24 import Bitrix24  # noqa: E402
from patience import PATIENT_S  # noqa: E402

LIFE_S = 13  # life of an access token, short enough to watch its refreshes
LATER_LIFE_S = 20  # long enough for the chapters in which it must not be refreshed
START = time.monotonic()


class Failed(Exception):
    """A step of the demo failed."""


def say(who: str, text: str) -> None:
    for line in text.splitlines():
        print(f"{time.monotonic() - START:6.1f} s  {who:9}  {line}", flush=True)


def chapter(title: str) -> None:
    print(f"\n{'':10} {title}\n", flush=True)


class Gateway:
    """`tokenkeeper run` on a pseudoterminal."""

    def __init__(self, program: str, directory: Path, ca: str) -> None:
        self.socket = directory / "socket"
        self._command = ["setpriv", "--pdeathsig", "KILL", program, "run", "--flash",
                         str(directory / "flash.bin"), "--console", "stdio", "--socket",
                         str(self.socket), "--ca", ca]
        self._lines: list[str] = []
        self._only: tuple[str, ...] = ()
        self.start()

    def start(self) -> None:
        self._master, slave = pty.openpty()
        env = os.environ | preload.environment("adjtimex", TK_CLOCK="synchronized")
        self._process = subprocess.Popen(self._command, env=env, stdin=slave, stdout=slave,
                                         start_new_session=True)
        os.close(slave)
        self._rest = ""
        self.wait_for("EVT hello")

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._master)

    def end(self) -> None:
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait()

    def _read(self, timeout: float) -> None:
        if not select.select([self._master], [], [], timeout)[0]:
            return
        try:
            data = os.read(self._master, 4096).decode()
        except OSError as error:
            raise Failed("the service has ended") from error
        *whole, self._rest = (self._rest + data).split("\r\n")
        for line in whole:
            line = line.removeprefix("tk> ").removeprefix("tk> ")
            if line and (not self._only or line.startswith(self._only)):
                say("gateway" if not line.startswith("EVT") else "* event", hidden(line))
            if line:
                self._lines.append(line)

    def wait_for(self, beginning: str) -> str:
        """The next line that begins so; it and those before it are consumed."""
        end = time.monotonic() + PATIENT_S
        while True:
            for i, line in enumerate(self._lines):
                if line.startswith(beginning):
                    del self._lines[:i + 1]
                    return line
            if time.monotonic() > end:
                raise Failed(f"waited {PATIENT_S:g} s for a line that begins with {beginning!r}")
            self._read(0.2)

    def type(self, command: str, only: tuple[str, ...] = ()) -> list[str]:
        """Types a command and returns the lines of its answer. `only`: the lines to show."""
        self._only = only
        del self._lines[:]
        os.write(self._master, command.encode() + b"\r")
        end = time.monotonic() + PATIENT_S
        answer: list[str] = []
        while time.monotonic() < end:
            self._read(0.2)
            while self._lines:
                line = self._lines.pop(0)
                if line.startswith(("OK", "ERR")):
                    if not line.startswith("OK"):
                        raise Failed(f"{command.split()[0]}: {line}")
                    return answer + [line]
                answer.append(line)
        raise Failed(f"no answer to {command.split()[0]} in {PATIENT_S:g} s")


def hidden(line: str) -> str:
    return re.sub(r"(access_token=)[0-9a-f]{8,}", r"\1(not shown here)", line)


def item(page: list[str], key: str) -> str:
    """The value of an item of a page in columns."""
    found = re.search(rf"   {key} (\S+)", "\n".join(page))
    if not found:
        raise Failed(f"the page has no {key}")
    return found[1]


def value(lines: list[str], key: str) -> str:
    for line in lines:
        for pair in [line] if not line.startswith("OK") else line.split()[1:]:
            if pair.startswith(key + "="):
                return pair.partition("=")[2]
    raise Failed(f"the answer has no {key}=")


def requests(b24: Bitrix24, kind: str) -> int:
    return sum(1 for entry in b24.log() if entry.get("kind") == kind)


def check(condition: bool, what: str) -> None:
    if not condition:
        raise Failed(what)


def provision(b24: Bitrix24, gateway: Gateway) -> None:
    chapter("The operator provisions the gateway")
    gateway.type(f"set portal {b24.portal}")
    gateway.type(f"set client_id {b24.client_id}")
    gateway.type(f"set client_secret {b24.client_secret}")
    gateway.type("set scope crm,user")
    gateway.type(f"set auth_host {b24.oauth}")
    gateway.type(f"set escalate_url https://{b24.webhook}/alarm")
    gateway.type("check")
    link = next(line for line in gateway.type("auth begin") if line.startswith("https://"))
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(link).query)
    say("operator", "opens the link in a browser, logs in, and copies the address it ends at")
    address = b24.code(state=query["state"][0])["redirect"]
    ok = gateway.type(f"auth code {address}")
    check(value(ok, "state") == "ready" and value(ok, "generation") == "1", "not ready")
    check(value(ok, "rest") == "ok", "the token opens nothing")


def refreshes(b24: Bitrix24, gateway: Gateway) -> None:
    chapter(f"The gateway refreshes the token (tokens of this server live {LIFE_S} s)")
    for generation in (2, 3):
        gateway.wait_for(f"EVT state ref=token state=ready reason=none generation={generation}")
        b24.set(access_life_s=LATER_LIFE_S)
    check(requests(b24, "refresh") == 2, "the server did not see two refreshes")


def consume(b24: Bitrix24, gateway: Gateway, program: str) -> None:
    chapter("A script on the same machine uses the token")
    script = (f'TOKENKEEPER_SOCKET={shlex.quote(str(gateway.socket))}; export TOKENKEEPER_SOCKET\n'
              f'printf "auth=%s" "$({shlex.quote(program)} get --min-valid 5)" |\n'
              f'    curl -sS --cacert {shlex.quote(b24.ca)} --data @- '
              f'https://{b24.portal}/rest/user.current')
    say("script", script)
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, timeout=PATIENT_S)
    check(done.returncode == 0 and '"result"' in done.stdout, done.stdout + done.stderr)
    say("portal", done.stdout[:100] + " ...")


def call(b24: Bitrix24, gateway: Gateway, program: str) -> None:
    chapter("Another one calls the portal through the gateway, without a token")
    script = (f'TOKENKEEPER_SOCKET={shlex.quote(str(gateway.socket))}; export TOKENKEEPER_SOCKET\n'
              f"{shlex.quote(program)} call crm.lead.add 'fields[TITLE]=Boiler 7: 82 C'\n"
              f"{shlex.quote(program)} call crm.deal.list --all --limit 3 'select[]=TITLE'")
    say("script", script)
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, timeout=PATIENT_S)
    check(done.returncode == 0 and len(done.stdout.splitlines()) == 4, done.stdout + done.stderr)
    say("script", done.stdout)


def through_corezoid(b24: Bitrix24, gateway: Gateway) -> None:
    chapter("Another process reads the token through Corezoid")
    corezoid, shown = b24.corezoid, ("Use         rest ok   corezoid token ok",)
    gateway.type(f"set corezoid_token_url https://{b24.webhook}")
    gateway.type(f"set corezoid_token_login {corezoid.token_login}")
    gateway.type(f"set corezoid_token_key {corezoid.token_key}")
    gateway.type(f"set corezoid_token_conv {corezoid.diagram}")
    end = time.monotonic() + PATIENT_S
    while item(gateway.type("status", only=shown), "corezoid token") != "ok":
        check(time.monotonic() < end, "the token is not in the task")
    task = f"{{{{conv[{corezoid.diagram}].ref[token]."
    say("process", f"POST {task}client_endpoint}}}}user.current auth={task}access_token}}}}")
    answer = corezoid.call("user.current", b24.ca)
    check("result" in answer, "the portal refuses the process")
    say("portal", str(answer)[:100] + " ...")


def power_cut(b24: Bitrix24, gateway: Gateway) -> None:
    chapter("Power cut: kill -9, then a start from flash")
    shown = ("status", "State", "Token", "Next", "OK", "EVT")
    generation = item(gateway.type("status", only=shown), "generation")
    before = requests(b24, "exchange"), requests(b24, "refresh")
    gateway.kill()
    gateway.start()
    lines = gateway.type("status", only=shown)
    check(item(lines, "state") == "ready", "it is not ready")
    check(item(lines, "generation") == generation, "it has a different pair")
    check((requests(b24, "exchange"), requests(b24, "refresh")) == before,
          "it sent a request to the server")
    say("operator", "did nothing: no code, no request, the same pair")


def outage(b24: Bitrix24, gateway: Gateway) -> None:
    chapter("The authorization server fails, and the webhook reports it")
    b24.fault("oauth", "status", status=503, count=-1)
    say("bitrix24", "answers 503 to every request from now on")
    gateway.wait_for("EVT escalation ref=token event=raised level=2")
    wait_for_post(b24, "raised")
    b24.clear_faults()
    say("bitrix24", "works again")
    gateway.wait_for("EVT escalation ref=token event=cleared")
    wait_for_post(b24, "cleared")
    check([post["json"]["event"] for post in alerts(b24)] == ["raised", "cleared"],
          "reported more than once")


def alerts(b24: Bitrix24) -> list[dict]:
    return [post for post in b24.posts() if "event" in post["json"]]


def wait_for_post(b24: Bitrix24, event: str) -> None:
    end = time.monotonic() + PATIENT_S
    while time.monotonic() < end:
        for post in alerts(b24):
            if post["json"]["event"] == event:
                say("webhook", " ".join(f"{k}={v}" for k, v in post["json"].items()))
                return
        time.sleep(0.1)
    raise Failed(f"no POST with event {event}")


def main() -> int:
    program = os.path.abspath(sys.argv[1])
    gateway = None
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with tempfile.TemporaryDirectory() as directory, Bitrix24(access_life_s=LIFE_S) as b24:
        try:
            chapter("A mock Bitrix24, and a gateway with empty flash")
            say("bitrix24", f"portal {b24.portal}, authorization server {b24.oauth}, behind TLS")
            gateway = Gateway(program, Path(directory), b24.ca)
            provision(b24, gateway)
            refreshes(b24, gateway)
            consume(b24, gateway, program)
            call(b24, gateway, program)
            through_corezoid(b24, gateway)
            power_cut(b24, gateway)
            outage(b24, gateway)
            chapter("Everything worked.")
            return 0
        except Failed as failure:
            say("FAILED", str(failure))
            return 1
        finally:
            if gateway is not None:
                gateway.end()


if __name__ == "__main__":
    sys.exit(main())
