# SPDX-License-Identifier: Apache-2.0
"""The tables of core/oauth/errors.md, and the faults that make Bitrix24 respond accordingly."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from keeper import ROOT

import catalogue


@dataclass(frozen=True)
class Row:
    server: str
    status: int
    body: str       # as in the table
    error: str
    action: str

    @property
    def word(self) -> str:
        found = re.search("`(.*)`", self.body)
        return found.group(1) if found else ""

    @property
    def said(self) -> str:
        """As the console shows the code: one that is not listed has at most 40 characters."""
        return self.word if len(self.word) <= 40 else "unlisted"

    def fault(self) -> dict:
        """A fault for this response; from the catalogue of Bitrix24 where that has it."""
        where = "oauth" if self.server == "oauth" else "rest"
        if any(row.where == where and row.code == self.word for row in catalogue.TABLE):
            return {"kind": "error", "code": self.word, "status": self.status}
        texts = {"html": "html", "empty": "empty", "json": "json", "cut": '{"error":"invalid_gr',
                 "long": json.dumps({"access_token": 5000 * "a", "refresh_token": "r"})}
        error = {"code": self.word, "message": "m"} if self.body.startswith("v3") else self.word
        body = json.dumps({"error": error}) if self.word else texts[self.body]
        return {"kind": "status", "status": self.status, "body": body}


def tables() -> dict[tuple[str, ...], list[list[str]]]:
    """The tables of the document, by their header rows."""
    found, rows = {}, None
    for line in (ROOT / "core/oauth/errors.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("|"):
            rows = None
        elif rows is None:
            rows = found.setdefault(tuple(cells), [])
        elif not line.startswith("|--"):
            rows.append(cells)
    return found


TABLES = tables()
ROWS = [Row(server, int(status), body, error, action) for server, status, body, error, action
        in TABLES["server", "status", "body", "error", "action"]]
# By action: state, reason ("error": the error itself), alert level.
STATES = {action: (state, reason, level) for action, state, reason, level, _
          in TABLES["action", "state", "reason", "alert level", "reaction"]}
# By action: the value of `rest=`.
REST = {action: rest for action, rest, _ in TABLES["action", "rest", "reaction"]}
# Where there is no response: the action.
FAILURES = {error: action for error, action, _ in TABLES["error", "action", "when"]}


def row(server: str, status: int, body: str) -> Row:
    return next(row for row in ROWS if (row.server, row.status, row.body) == (server, status, body))
