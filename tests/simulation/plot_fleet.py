#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Plots the requests a second of a thousand gateways after an outage, as an SVG.

    build/host/tests/simulation/simulation --only fleet --series fleet.tsv
    python3 tests/simulation/plot_fleet.py fleet.tsv >fleet.svg
"""

from __future__ import annotations

import sys
from pathlib import Path

WIDTH, HEIGHT, MARGIN, SHOWN_S = 760, 150, 50, 1000


def read(path: str) -> dict[str, list[int]]:
    """Requests in each second after an outage, by the name of the outage."""
    series: dict[str, list[int]] = {}
    for line in Path(path).read_text(encoding="ascii").splitlines():
        name, _, count = line.split("\t")
        series.setdefault(name, []).append(int(count))
    return series


def panel(name: str, counts: list[int], top: int) -> list[str]:
    """One outage: a bar for each second, and the peak as text."""
    most = max(max(counts), 1)
    base = top + HEIGHT
    parts = [f'<text x="{MARGIN}" y="{top - 8}">{name}: at most {most} requests a second, '
             f'{sum(counts)} in total</text>',
             f'<path d="M{MARGIN} {top}V{base}H{MARGIN + WIDTH}" class="axis"/>',
             f'<text x="{MARGIN - 6}" y="{top + 10}" text-anchor="end">{most}</text>']
    bars = [f"M{MARGIN + WIDTH * second / SHOWN_S:.1f} {base}v{-HEIGHT * count / most:.1f}"
            for second, count in enumerate(counts[:SHOWN_S]) if count]
    parts.append(f'<path d="{"".join(bars)}" class="bar"/>')
    for minutes in range(0, SHOWN_S // 60 + 1, 5):
        x = MARGIN + WIDTH * minutes * 60 / SHOWN_S
        parts.append(f'<text x="{x:.0f}" y="{base + 16}" text-anchor="middle">'
                     f'{minutes} min</text>')
    return parts


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    series = read(sys.argv[1])
    step = HEIGHT + 60
    parts = [part for index, (name, counts) in enumerate(series.items())
             for part in panel(name, counts, 40 + index * step)]
    print(f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH + 2 * MARGIN}" '
          f'height="{40 + step * len(series)}" font-family="sans-serif" font-size="13">')
    print('<style>.axis{stroke:#444;fill:none}.bar{stroke:#06c;stroke-width:1}</style>')
    print('<rect width="100%" height="100%" fill="#fff"/>')
    print("\n".join(parts) + "\n</svg>")
    return 0


if __name__ == "__main__":
    sys.exit(main())
