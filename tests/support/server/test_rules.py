#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares the rules in C with the reference in tests/bitrix24: same requests, same answers.

    python3 tests/support/server/test_rules.py build/host/tests/support/server_rules [SEED [STEPS]]

The first difference ends the test: status, error, or whether a pair is issued. Only the random part
of tokens differs.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bitrix24"))

import catalogue  # noqa: E402
from faults import FaultBox  # noqa: E402
from journal import Journal  # noqa: E402
from oauth import Client, Names, OAuth  # noqa: E402
from portal import Portal  # noqa: E402
from server import Shared  # noqa: E402
from settings import Settings  # noqa: E402
from wire import Request  # noqa: E402

BEGIN_MS = 1_795_000_000_000
CLIENTS = [("local.aaaa.1", "secret-a"), ("local.bbbb.2", "secret-b")]
FORM = {"host": "x", "content-type": "application/x-www-form-urlencoded"}


class Clock(Shared):
    """The common part of the servers, with a clock that the test sets."""

    now_ms = BEGIN_MS

    def now(self) -> float:
        return self.now_ms / 1000


class RulesInC:
    """server_rules, a line at a time."""

    def __init__(self, program: str) -> None:
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)

    def say(self, line: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def ask(self, line: str) -> str:
        assert self.process.stdout
        self.say(line)
        return self.process.stdout.readline().strip()

    def close(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        if self.process.wait(20) != 0:
            sys.exit("the rules in C crashed")


class Both:
    """Does each operation on both; tokens and codes are pairs (Python, C)."""

    def __init__(self, program: str) -> None:
        settings = Settings(limit_rate=0.0, old_access_grace_s=0.0)
        self.shared = Clock(settings, Journal(), FaultBox(), None)  # type: ignore[arg-type]
        self.oauth = OAuth(self.shared, Names("oauth.x", "portal.x"), Client(*CLIENTS[0]))
        self.oauth.add_client(Client(*CLIENTS[1]))
        self.portal = Portal(self.shared, self.oauth)
        self.ours = RulesInC(program)
        for client in CLIENTS:
            self.ours.say("client %s %s" % client)
        self.advance(0)

    def advance(self, ms: int) -> None:
        self.shared.now_ms += ms
        self.ours.say(f"now {self.shared.now_ms}")

    def set(self, name: str, value: int) -> None:
        ours = name
        if name.endswith("_s"):
            self.shared.settings.update({name: value})
            ours, value = name.removesuffix("_s") + "_ms", value * 1000
        else:
            self.shared.settings.update({name: bool(value)})
        self.ours.say(f"set {ours} {value}")

    def code(self, client: int) -> tuple[str, str]:
        return (self.oauth.new_code(CLIENTS[client][0]).value, self.ours.ask(f"code {client}"))

    def revoke(self) -> None:
        self.oauth.revoke()
        self.ours.say("revoke")

    def _theirs(self, server: Any, path: str, form: str) -> tuple[int, dict[str, Any]]:
        reply = server.handle(Request("POST", path, "HTTP/1.1", FORM, form.encode()))
        return reply.status, json.loads(reply.body)

    def catalogue(self) -> int:
        """Compares the status of each error that C has with the catalogue. Returns how many."""
        for index in range(1000):
            status, code = self.ours.ask(f"row {index}").split()
            if code == "-":
                return index
            if catalogue.find(code, catalogue.OAUTH).status != int(status):
                sys.exit(f"differs: {code} is {status} in C, and not in the catalogue")
        return 0

    def token(self, forms: tuple[str, str]) -> tuple[tuple[str, str], tuple[str, str]] | None:
        """Both pairs (access, refresh), or None where both refuse."""
        status, body = self._theirs(self.oauth, "/oauth/token/", forms[0])
        answer = self.ours.ask("token " + forms[1]).split()
        theirs = [str(status), str(body.get("error", "ok"))]
        if answer[:2] != theirs:
            sys.exit(f"differs: {forms[0]}\n  Python: {theirs}\n  C:      {answer[:2]}")
        if "access_token" not in body:
            return None
        return (body["access_token"], answer[2]), (body["refresh_token"], answer[3])

    def check(self, forms: tuple[str, str]) -> str:
        status, body = self._theirs(self.portal, "/rest/app.info", forms[0])
        answer = self.ours.ask("check " + forms[1]).split()
        theirs = [str(status), str(body.get("error", "ok"))]
        if answer[:2] != theirs:
            sys.exit(f"differs: {forms[0]}\n  Python: {theirs}\n  C:      {answer[:2]}")
        return theirs[1]


SETTINGS = {"old_refresh_grace_s": [0, 0, 60, 600], "old_access_grace_s": [0, 30],
            "code_reuse_revokes": [0, 1], "refresh_reuse_revokes": [0, 0, 1],
            "installed": [1, 1, 1, 0], "app_paid": [1, 1, 1, 0], "paid_plan": [1, 1, 0],
            "refresh_life_s": [180 * 86400, 28 * 86400, 7200]}
PAUSES = [0, 1, 500, 5_000, 29_999, 30_000, 61_000, 3_599_000, 3_600_000, 30 * 86_400_000]


class Test:
    def __init__(self, program: str, seed: int) -> None:
        self.random = random.Random(seed)
        self.both = Both(program)
        self.codes: list[tuple[int, tuple[str, str]]] = []
        self.pairs: list[tuple[int, tuple[tuple[str, str], tuple[str, str]]]] = []
        self.seen: dict[str, int] = {}

    def forms(self, client: int, grant: str, name: str, value: tuple[str, str]) -> tuple[str, str]:
        """A request, at times with an error in it."""
        fields = [("grant_type", grant), ("client_id", CLIENTS[client][0]),
                  ("client_secret", CLIENTS[client][1]), (name, "")]
        wrong = self.random.randrange(24)
        if wrong < len(fields):
            del fields[wrong]
        elif wrong == 5:
            fields[1] = ("client_id", "local.unknown")
        elif wrong == 6:
            fields[2] = ("client_secret", "not it & %")
        elif wrong == 7:
            fields[0] = ("grant_type", "password")
        elif wrong == 8:
            fields[self.random.randrange(4)] = ("client_id", "")
        made = []
        for side in range(2):
            text = {key: (value[side] if key == name and not old else old) for key, old in fields}
            made.append("&".join(f"{key}={quote(item)}" for key, item in text.items()))
        return made[0], made[1]

    def pick(self, things: list[Any]) -> Any:
        """The newest with the same probability as all others."""
        return things[-1] if self.random.random() < 0.5 else self.random.choice(things)

    def count(self, what: str) -> None:
        self.seen[what] = self.seen.get(what, 0) + 1

    def token(self, client: int, grant: str, name: str, value: tuple[str, str]) -> None:
        other = self.random.randrange(20) == 0
        pair = self.both.token(self.forms(1 - client if other else client, grant, name, value))
        self.count(f"{grant} {'ok' if pair else 'refused'}")
        if pair:
            self.pairs.append((client, pair))

    def step(self) -> None:
        what = self.random.randrange(20)
        if what < 3 or not self.codes:
            client = self.random.randrange(2)
            self.codes.append((client, self.both.code(client)))
        elif what < 6:
            client, code = self.pick(self.codes)
            self.token(client, "authorization_code", "code", code)
        elif what < 13 and self.pairs:
            client, pair = self.pick(self.pairs)
            self.token(client, "refresh_token", "refresh_token", pair[1])
        elif what < 16 and self.pairs:
            _, pair = self.pick(self.pairs)
            self.count("check " + self.both.check((f"auth={pair[0][0]}", f"auth={pair[0][1]}")))
        elif what < 18:
            self.both.advance(self.random.choice(PAUSES))
        elif what < 19:
            name = self.random.choice(list(SETTINGS))
            self.both.set(name, self.random.choice(SETTINGS[name]))
        elif self.random.randrange(8) == 0:
            self.both.revoke()
        else:
            self.count("check " + self.both.check(("auth=nonsense", "auth=nonsense")))


def main() -> int:
    program = sys.argv[1]
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 20_000
    test = Test(program, seed)
    rows = test.both.catalogue()
    for _ in range(count):
        test.step()
    test.both.ours.close()
    for what in sorted(test.seen):
        print(f"{test.seen[what]:7} {what}")
    print(f"{count} steps from seed {seed}, {rows} rows of the catalogue: no difference")
    # Fails where nearly all requests were refused: that would compare little.
    return 0 if min(test.seen.get("refresh_token ok", 0), test.seen.get("check ok", 0)) > 50 else 1


if __name__ == "__main__":
    sys.exit(main())
