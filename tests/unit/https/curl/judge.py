#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sends the same responses to curl and to tk_http.c: what curl without options reads, we read.

    python3 tests/unit/https/curl/judge.py build/host/tests/unit/https/read_responses [NAME...]

NAME is a case of cases.py; it is shown as both read it.
"""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

import cases
from cases import Case

SECONDS = 120  # of curl, and of the program
TESTS = Path(__file__).resolve().parents[2]
DOCUMENT = TESTS.parents[1] / "core/https/rfc.md"
BUFFER = 2047  # bytes of a body that read_responses keeps


@dataclass(frozen=True)
class Reading:
    """What one of both made of a response."""

    ok: bool
    status: int
    body: bytes
    more: str = ""  # whatever else may help to understand it
    cut: bool = False


class Server:
    """Answers a request for /<number> with the bytes of that case, and closes."""

    def __init__(self, all_cases: list[Case]) -> None:
        self.cases = all_cases
        self.listening = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection = self.listening.accept()[0]
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            connection.settimeout(SECONDS)
            request = b""
            try:
                while b"\r\n\r\n" not in request:
                    received = connection.recv(4096)
                    if not received:
                        return
                    request += received
                connection.sendall(self.cases[int(request.split()[1][1:])].response)
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(4096):
                    pass
            except OSError:
                pass  # curl has closed, having read enough

    def close(self) -> None:
        self.listening.close()


def run_curl(port: int, numbers: range, folder: str) -> list[Reading]:
    """One process for these cases, up to one where it crashes; each case has a host name of its own,
    and so a connection of its own."""
    config = "\nnext\n".join(
        f'url = "http://case{number}.test/{number}"\noutput = "{folder}/{number}"\n'
        f'connect-to = "::127.0.0.1:{port}"\nnoproxy = "*"\nsilent\nmax-time = 20\n'
        'write-out = "%{http_code} %{exitcode} %{errormsg}\\n"'
        for number in numbers)
    ran = subprocess.run(["curl", "-q", "-K", "-"], input=config, text=True,
                         capture_output=True, timeout=SECONDS, check=False)
    readings = []
    for number, line in zip(numbers, ran.stdout.splitlines()):
        status, code, words = line.split(" ", 2)
        body = Path(folder, str(number))
        readings.append(Reading(code == "0", int(status),
                                body.read_bytes() if body.exists() else b"",
                                f"curl {code} {words}"))
    if len(readings) < len(numbers):
        readings.append(Reading(False, 0, b"", f"curl ended with {ran.returncode}: {ran.stderr}"))
    return readings


def read_by_curl(all_cases: list[Case]) -> list[Reading]:
    """What curl makes of the responses."""
    server = Server(all_cases)
    readings: list[Reading] = []
    with tempfile.TemporaryDirectory() as folder:
        while len(readings) < len(all_cases):
            readings += run_curl(server.port, range(len(readings), len(all_cases)), folder)
    server.close()
    return readings


def read_by_us(program: str, all_cases: list[Case]) -> list[Reading]:
    """The program also compares the ways to cut each response into pieces."""
    sent = b"".join(len(case.response).to_bytes(4, "little") + case.response for case in all_cases)
    ran = subprocess.run([program], input=sent, capture_output=True, timeout=SECONDS, check=False)
    lines = ran.stdout.decode("latin-1").split("\n")[:-1]
    if ran.returncode != 0 or len(lines) != len(all_cases):
        at = all_cases[min(len(lines), len(all_cases)) - 1]
        sys.exit(f"{at.name}: {at.response[:300]!r}\n{ran.stderr.decode()}")
    readings = []
    for line in lines:
        result, status, _, cut, *_, body = line.split(" ")
        readings.append(Reading(result == "done", int(status), bytes.fromhex(body), line,
                                cut == "1"))
    return readings


def is_same(ours: Reading, theirs: Reading) -> bool:
    """Of a body that is cut, the beginning is compared."""
    body = theirs.body[:BUFFER] if ours.cut else theirs.body
    return (ours.ok, ours.status, ours.body) == (True, theirs.status, body)


def loses(ours: Reading, theirs: Reading) -> bool:
    """True if curl reads content before an error, and we do not."""
    return not ours.body.startswith(theirs.body[:BUFFER])


def problem(case: Case, ours: Reading, theirs: Reading) -> str:
    """What is wrong, "" if nothing is."""
    if case.ours is cases.REFUSED:
        if ours.ok:
            return "we read it; it should be refused"
        return "" if theirs.ok or loses(ours, theirs) else "curl refuses it too: not a difference"
    if case.ours is not None:
        if not is_same(ours, Reading(True, *case.ours)):
            return f"it should be read as {case.ours}"
        return "not a difference to curl" if theirs.ok and is_same(ours, theirs) else ""
    if theirs.ok:
        return "" if is_same(ours, theirs) else "curl reads it"
    if ours.ok:
        return "curl refuses it, we read it"
    return "curl reads more of it" if loses(ours, theirs) else ""


def unknown_tests() -> list[str]:
    """Names in the last column of rfc.md that are neither a case nor a test."""
    known = {case.name for case in cases.ALL}
    for source in TESTS.rglob("test_*.c"):
        known.update(re.findall(r"^static void (\w+)\(void", source.read_text(), re.MULTILINE))
    rows = [line.split("|") for line in DOCUMENT.read_text().splitlines() if line.startswith("|")]
    return [name for row in rows for name in re.findall("`([^`]*)`", row[-2]) if name not in known]


def main() -> int:
    """Compares all cases, or shows those named."""
    program, names = sys.argv[1], sys.argv[2:]
    for name in unknown_tests():
        print(f"{DOCUMENT.name}: there is no test or case {name}")
    chosen = [case for case in cases.ALL if not names or case.name in names]
    ours, theirs = read_by_us(program, chosen), read_by_curl(chosen)
    found = 0
    for case, mine, curls in zip(chosen, ours, theirs):
        wrong = problem(case, mine, curls)
        found += wrong != ""
        if wrong or names:
            print(f"{case.name}: {wrong or 'ok'}\n  {case.response[:300]!r}\n"
                  f"  curl: {curls.status} {curls.body[:80]!r} {curls.more}\n  ours: {mine.more[:200]}")
    read = sum(one.ok for one in theirs)
    print(f"{len(chosen)} responses, {read} read by curl, {sum(one.ok for one in ours)} by us; "
          f"{found} problems")
    enough = names or read > len(chosen) // 3
    return 0 if found == 0 and enough and not unknown_tests() else 1


if __name__ == "__main__":
    sys.exit(main())
