#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Draws the demo as a terminal: .github/pictures/demo.svg, from what tests/demo.py printed.

    python3 tests/picture.py OUTPUT            draws the picture anew
    python3 tests/picture.py --check OUTPUT    fails when the picture shows another run of the demo

Times, ports, tokens and counts differ from run to run: they are masked, so that the same demo is
always the same picture. It has a background of its own and is readable in any theme.
"""

from __future__ import annotations

import argparse
import html
import re
import sys
import textwrap
from pathlib import Path

PICTURE = Path(__file__).resolve().parents[1] / ".github/pictures/demo.svg"
COLUMNS = 100
CHAR, LINE, MARGIN = 7.8, 19, 16  # pixels
TITLE = "$ tests/demo.sh"

LINE_OF_DEMO = re.compile(r" *[\d.]+ s  (.{9})  (.*)")
MASKS = [
    (r"[\w./-]*/build/[\w-]+/tokenkeeper", "tokenkeeper"),
    (r"/[\w./-]+/(socket|roots\.pem)\b", r"\1"),
    (r"localhost:\d+", "localhost:*"),
    (r"(corezoid_token_(?:login|conv)[ =])\d+", r"\1*"),
    (r"conv\[\d+\]", "conv[*]"),
    (r"\blocal\.[0-9a-f]+\.\d+", "local.*"),
    (r"\bh-[0-9a-f]{12}", "h-*"),
    (r"\(\d+ characters", "(* characters"),
    (r"_len=\d+", "_len=*"),
    (r"\d{4}-\d\d-\d\dT[\d:]+Z", "*"),
    (r"\b[0-9a-f]{8,}\b", "*"),
    (r"(event=cleared .*level=)\d", r"\1*"),  # the higher one where the retry comes late
    (r"\b(version|expires_in|next_refresh_in|since|next_try|attempts)=[\d.]+", r"\1=*"),
    (r"\b((?:expires|refresh) in) \d+ s", r"\1 * s"),
]
# What a chapter leaves out, by a word of its title: details, and lines whose place is not fixed.
LEFT_OUT = {
    "provisions": r"state=|EVT state|(set|OK) (scope|auth_host)|OK (portal|client_id|escalate_url)="
                  r"|OK$|seed=|store=|(auth|portal)\.(host|name|tcp|certificate)=|rest=skipped",
    "refreshes the token": r"EVT state .*(state=(?!ready)|generation=1$)",
    "script on": r"EVT state",
    "Power": r"EVT state|(next_refresh_in|expires_in)=|OK$",
    "server fails": r"EVT state|EVT escalation .*level=3",
}
COLOURS = {"bitrix24": "#d2a8ff", "gateway": "#c9d1d9", "* event": "#79c0ff", "operator": "#ffa657",
           "script": "#7ee787", "portal": "#d2a8ff", "webhook": "#ff7b72"}


def masked(text: str) -> str:
    """A line without what differs from run to run."""
    for pattern, instead in MASKS:
        text = re.sub(pattern, instead, text)
    return text


def lines_of(output: str) -> list[tuple[str, str]]:
    """(speaker, text) of each line to draw; a title has no speaker."""
    found: list[tuple[str, str]] = []
    left_out = ""
    for line in output.splitlines():
        spoken = LINE_OF_DEMO.fullmatch(line)
        if spoken is None and line.strip():
            left_out = next((rule for word, rule in LEFT_OUT.items() if word in line), "")
            found.append(("", line.strip()))
        elif spoken and not (left_out and re.match(left_out, spoken[2])):
            found.append((spoken[1].strip(), masked(spoken[2])))
    return found


def wrapped(text: str) -> list[str]:
    """A line in rows that fit the picture, continued ones indented."""
    room = COLUMNS - 11
    return textwrap.wrap(text, room, subsequent_indent="    ", break_on_hyphens=False)


def drawn(number: int, column: int, colour: str, text: str, bold: bool = False) -> str:
    """A piece of text at its place."""
    x, y = MARGIN + column * CHAR, MARGIN + (number + 1) * LINE
    weight = ' font-weight="bold"' if bold else ""
    return (f'<text x="{x:.1f}" y="{y}" fill="{colour}"{weight} xml:space="preserve">'
            f"{html.escape(text)}</text>")


def svg(output: str) -> str:
    """The picture."""
    parts = [drawn(0, 0, "#8b949e", TITLE)]
    number, last = 1, ""
    for speaker, text in lines_of(output):
        if not speaker:
            number += 1
            parts.append(drawn(number, 0, "#f0f6fc", text, bold=True))
        else:
            rows = wrapped(text)
            if speaker != last:
                parts.append(drawn(number, 0, COLOURS.get(speaker, "#c9d1d9"), speaker))
            parts += [drawn(number + at, 11, "#c9d1d9", row) for at, row in enumerate(rows)]
            number += len(rows) - 1
        last = speaker
        number += 1
    width, height = round(2 * MARGIN + COLUMNS * CHAR), 2 * MARGIN + number * LINE
    head = (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}" role="img" aria-label="what tests/demo.sh prints" '
            'font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,monospace" font-size="13">')
    back = (f'<rect x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="8" '
            'fill="#0d1117" stroke="#6e7681"/>')
    return "\n".join([head, back, *parts, "</svg>"]) + "\n"


def difference(old: str, new: str) -> str:
    """The first text that differs; the first two lines are the size."""
    for one, other in zip(old.splitlines()[2:], new.splitlines()[2:]):
        if one != other:
            return f"the picture has {one}\nthe demo makes  {other}"
    return "one is longer than the other"


def main() -> int:
    """0, or 1 when the picture is stale."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("output", type=Path, metavar="OUTPUT")
    args = parser.parse_args()
    new = svg(args.output.read_text())
    if not args.check:
        PICTURE.parent.mkdir(parents=True, exist_ok=True)
        PICTURE.write_text(new)
        return 0
    old = PICTURE.read_text()
    if old != new:
        print(f"{PICTURE.name} is stale: python3 tests/picture.py {args.output}")
        print(difference(old, new))
    return int(old != new)


if __name__ == "__main__":
    sys.exit(main())
