# SPDX-License-Identifier: Apache-2.0
"""The report in Markdown: ratios, then numbers, then targets. It holds no times of this machine."""

from __future__ import annotations

import re
from pathlib import Path

from measure import MODES, Cost
from server import VERSIONS

Costs = dict[tuple[str, str, str], Cost]

BEGIN, END = "<!-- generated: bench -->", "<!-- end -->"
LIMITS = {"1.2": {"new": 9.5e6, "full": 6.2e6, "resumed": 0.62e6, "kept": 66e3, "fresh": 10e6},
          "1.3": {"new": 9.0e6, "full": 5.6e6, "resumed": 3.4e6, "kept": 66e3, "fresh": 10e6}}
ALLOCATIONS = {"full": 120, "kept": 0}
HEAP = {"1.2": 28672, "1.3": 28672}
TOLERANCE = 0.03  # as a part of a ratio; handshakes are not all alike
WORDS = {"new": "new certificates", "full": "full handshake", "resumed": "resumed handshake", "kept": "kept connection",
         "fresh": "fresh process"}
NOTE = """\
One refresh with an ECDSA chain of three certificates. It is the n-th one of a running process, except
in the rows "fresh process". In the rows "new certificates" the server has certificates that were
never seen before: ours and the floor remember verified signatures. Instructions are counted by
callgrind, in user space only; heap is the peak of what malloc handed out; bytes are TCP payload; round
trips include TCP's own. Names are resolved before. libcurl and curl use OpenSSL and read only the root
that is needed; the shell around curl and jq is not counted. A test fails when the ratios to the floor
change.
"""


def table(head: list[str], rows: list[list[str]]) -> str:
    """A markdown table, first column to the left."""
    lines = ["| " + " | ".join(row) + " |" for row in [head, *rows]]
    lines.insert(1, "|---|" + "---:|" * (len(head) - 1))
    return "\n".join(lines) + "\n"


def millions(value: float) -> str:
    """An instruction count with three or four digits that mean something."""
    return f"{value / 1e6:.2f} M" if value >= 1e6 else f"{value / 1e3:.1f} k"


def plain(value: float) -> str:
    """A count, or a mean of counts."""
    return f"{value:.0f}" if abs(value - round(value)) < 0.05 else f"{value:.1f}"


def ratio(costs: Costs, other: str, version: str, mode: str) -> float | None:
    """Instructions of ours for one of another's; None where the other cannot do that."""
    there = costs.get((other, version, mode))
    return costs["ours", version, mode].instructions / there.instructions if there else None


def ratio_row(costs: Costs, other: str, version: str) -> list[str]:
    """Ours for one instruction of another's, in each mode."""
    values = [ratio(costs, other, version, mode) for mode in (*MODES, "fresh")]
    return [f"ours / {other}, TLS {version}",
            *("-" if value is None else f"{value:.3f}" for value in values)]


def ratios(costs: Costs) -> str:
    """All of them."""
    rows = [ratio_row(costs, other, version)
            for other in ("floor", "libcurl", "bearssl", "curl+jq") for version in VERSIONS
            if (other, version, "fresh") in costs]
    return table(["instructions", *(WORDS[mode] for mode in (*MODES, "fresh"))], rows)


def numbers(costs: Costs, version: str, only: str = "") -> str:
    """The figures of one TLS version, of one contestant or of all."""
    rows = []
    for mode in (*MODES, "fresh"):
        for (name, where, what), cost in costs.items():
            if (where, what) != (version, mode) or only not in ("", name):
                continue
            rows.append([f"{WORDS[mode]}, {name}", millions(cost.instructions), plain(cost.heap),
                         plain(cost.allocations), plain(cost.rss_kb), plain(cost.tx),
                         plain(cost.rx), plain(cost.sends), plain(cost.trips)])
    return table([f"TLS {version}", "instructions", "heap peak B", "allocations", "RSS KB",
                  "B sent", "B received", "sends", "round trips"], rows)


def verdict(what: str, version: str, value: float, limit: float) -> list[str]:
    """A row: what, limit, measured value, verdict."""
    show = millions if limit >= 1e5 else "{:.3f}".format if limit < 2 and limit else "{:.0f}".format
    return [f"{what}, TLS {version}", show(limit), show(value), "pass" if value <= limit else "MISS"]


def targets(costs: Costs) -> str:
    """The limits, and what was measured."""
    rows = []
    for version in VERSIONS:
        ours = {mode: costs["ours", version, mode] for mode in (*MODES, "fresh")}
        rows += [verdict(WORDS[mode], version, ours[mode].instructions, limit)
                 for mode, limit in LIMITS[version].items()]
        rows += [verdict(f"allocations, {WORDS[mode]}", version, ours[mode].allocations, limit)
                 for mode, limit in ALLOCATIONS.items()]
        rows.append(verdict("ours / libcurl, full handshake", version,
                            ratio(costs, "libcurl", version, "full") or 0, 1))
        rows.append(verdict("ours / curl+jq, fresh process", version,
                            ratio(costs, "curl+jq", version, "fresh") or 0, 0.05))
        rows.append(verdict("heap of a refresh in bytes", version,
                            max(ours[mode].heap for mode in MODES), HEAP[version]))
    return table(["target", "at most", "measured", ""], rows)


def text(costs: Costs) -> str:
    """The whole report."""
    parts = [ratios(costs), *(numbers(costs, version) for version in VERSIONS), targets(costs),
             NOTE]
    return "\n".join(parts)


def short(costs: Costs) -> str:
    """The part that README.md here shows."""
    return "\n".join([ratios(costs), *(numbers(costs, version, "ours") for version in VERSIONS),
                      NOTE])


def stale(costs: Costs, version: str, readme: str) -> list[str]:
    """[the row as README.md has it, the row as measured] where the two differ; else nothing."""
    name, *values = ratio_row(costs, "floor", version)
    row = re.search(rf"^\| {re.escape(name)} \|(.*)\|$", readme, re.MULTILINE)
    shown = [cell.strip() for cell in row[1].split("|")] if row else []
    same = len(shown) == len(values) and all(
        abs(float(one) / float(other) - 1) <= TOLERANCE for one, other in zip(shown, values))
    return [] if same else [f"README.md: {name}: {shown}", f"measured: {values}"]


def place(readme: Path, report: str) -> None:
    """Puts the report between the markers of README.md."""
    old = readme.read_text()
    pattern = re.compile(f"({re.escape(BEGIN)}\n).*?({re.escape(END)})", re.DOTALL)
    new = pattern.sub(lambda found: found[1] + report + found[2], old)
    if new != old:
        readme.write_text(new)
