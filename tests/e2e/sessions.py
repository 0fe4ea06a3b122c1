# SPDX-License-Identifier: Apache-2.0
"""Plays console sessions of documents: types what they type, compares what they show.

A session is a fenced block of `text` with lines that begin with "tk> ". Values that differ are
masked; a line "..." stands for any lines.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from keeper import PATIENT_S, ROOT, Keeper, query_of

MASK = re.compile(r"len=\d+ |sha256=[0-9a-f]{8}|expires_in=\d+|\(\d+ characters"
                  r"|id=[\w.]+|portal=\S+|^https://\S+$")
HIDDEN = re.compile(r"(\w+): \(\d+ characters, hidden\)")


def masked(line: str) -> str:
    return MASK.sub("#", line)


def cut_off(line: str) -> str:
    """A line as a document shows it that leaves the sentence out."""
    return line.split(" ")[0] + " ..."


@dataclass
class Step:
    """A command and the lines that a document shows after it."""

    command: str
    shown: list[str] = field(default_factory=list)

    @property
    def answer(self) -> str:
        """The OK or ERR line."""
        return next(line for line in self.shown if line.startswith(("OK", "ERR")))

    @property
    def events(self) -> list[str]:
        return [line for line in self.shown if line.startswith("EVT ")]

    @property
    def data(self) -> list[str]:
        """Data lines, and the lines around a link."""
        return [line for line in self.shown
                if "=" in line.split(" ")[0] or re.match(r"\d\. |\(|https:", line)]


def sessions(document: str, heading: str) -> list[list[Step]]:
    """The sessions under a heading of a document, a path below the root."""
    text = (Path(ROOT) / document).read_text()
    section = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    found = []
    for block in re.findall(r"^ *```text\n(.*?)```", section[1], re.M | re.S):
        steps: list[Step] = []
        for line in (line.strip() for line in block.splitlines()):
            if line.startswith("tk> "):
                steps.append(Step(line.removeprefix("tk> ")))
            elif steps and line:
                steps[-1].shown.append(line)
        if steps:
            found.append(steps)
    return found


class Player:
    """An operator who follows a document. values: what to type for a setting; by its name."""

    def __init__(self, keeper: Keeper, values: dict[str, str]) -> None:
        self.k, self.values = keeper, values
        self.state = ""

    def play(self, steps: list[Step]) -> None:
        for step in steps:
            self._step(step)

    def _type(self, command: str, shown: list[str]) -> None:
        """The command with the values of this test."""
        words = command.split(" ")
        hidden = next((match[1] for line in shown if (match := HIDDEN.match(line))), "")
        if words[:2] == ["auth", "code"]:
            code = self.k.b24.code(client_id=self.values["client_id"], state=self.state)
            command = f"auth code {code['redirect']}"
        elif words[0] == "set" and len(words) > 2 and words[1] in self.values:
            command = f"set {words[1]} {self.values[words[1]]}"
        elif words[0] == "factory-reset":
            command = f"factory-reset {self.values['id'][-4:]}"
        self.k.type(command.encode() + b"\r")
        if hidden:
            self.k.type(self.values[hidden].encode() + b"\r")

    def _step(self, step: Step) -> None:
        start = len(self.k.out.all)
        self._type(step.command, step.shown)
        end = self.k.out.wait(r"OK\b|ERR ", start)
        seen = self.k.out.all[start:end + 1]
        self._compare(step, seen)
        for event in step.events:
            self.k.out.wait(re.escape(event).replace(r"generation=2", r"generation=\d+"), start,
                            PATIENT_S)
        link = next((line for line in seen if line.startswith("https://")), "")
        if link:
            self.state = query_of(link)["state"]

    def _compare(self, step: Step, seen: list[str]) -> None:
        answer, last = masked(step.answer), masked(seen[-1])
        same = last.startswith(answer) if answer.startswith("ERR") else last == answer
        if not same:
            raise AssertionError(f"{step.command}: {answer} != {last}; seen {seen}")
        known = [masked(line) for line in seen]
        for line in (masked(line) for line in step.data):
            if line not in known and not any(line == cut_off(one) for one in known):
                raise AssertionError(f"{step.command}: {line} is not in {seen}")
