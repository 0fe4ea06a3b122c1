#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures ours and the others against one server, and writes the report.

    python3 tests/bench/run.py BUILD [--write | --check]

--check measures ours and the floor only, and fails when README.md here shows another ratio.
"""

from __future__ import annotations

import argparse
import re
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import report
from measure import MODES, Bench, Cost
from server import VERSIONS, Server

TREE = Path(__file__).resolve().parents[2]
README = TREE / "tests/bench/README.md"
CONTESTANTS = {"1.2": ("ours", "floor", "libcurl", "bearssl"), "1.3": ("ours", "floor", "libcurl")}


def form() -> str:
    """The request body, with the values of bench.h."""
    values = dict(re.findall(r'^#define BENCH_(\w+) +"(.*)"$',
                             (TREE / "tests/bench/bench.h").read_text(), re.MULTILINE))
    return (f"grant_type=refresh_token&client_id={values['ID']}&client_secret={values['SECRET']}"
            f"&refresh_token={values['REFRESH']}")


def curl_and_jq(bench: Bench, version: str) -> Cost:
    """What a shell script does; the shell itself is not counted."""
    port = bench.server.ports[version]
    curl, answer = bench.process(
        ["curl", "-sS", "--fail", "--cacert", str(bench.server.root), "--resolve",
         f"oauth.bitrix.info:{port}:127.0.0.1", "--data", "@-",
         f"https://oauth.bitrix.info:{port}/oauth/token/"], form())
    jq, pair = bench.process(
        ["jq", "-r", ".access_token, .refresh_token, .expires_in"], answer)
    if len(pair.splitlines()) != 3:
        raise RuntimeError(f"jq found no pair in {answer}")
    return Cost(curl.instructions + jq.instructions, max(curl.heap, jq.heap),
                curl.allocations + jq.allocations, curl.tx, curl.rx, curl.sends, curl.trips,
                max(curl.rss_kb, jq.rss_kb))


def processes_of_ours(bench: Bench, version: str, contestants: Sequence[str]) -> report.Costs:
    """Our programs in each mode; prints a line of progress for each."""
    costs: report.Costs = {}
    for name in contestants:
        print(f"== TLS {version} {name}", file=sys.stderr, flush=True)
        costs[name, version, "fresh"] = bench.fresh(name, version)
        for mode in MODES:
            costs[name, version, mode] = bench.refresh(name, version, mode)
    return costs


def measure(bench: Bench) -> report.Costs:
    """Everything."""
    costs: report.Costs = {}
    for version in VERSIONS:
        costs |= processes_of_ours(bench, version, CONTESTANTS[version])
        print(f"== TLS {version} curl and jq", file=sys.stderr, flush=True)
        costs["curl+jq", version, "fresh"] = curl_and_jq(bench, version)
    return costs


def check(bench: Bench) -> int:
    """0 when README.md shows what is measured."""
    shown = README.read_text()
    wrong = [line for version in VERSIONS
             for line in report.stale(processes_of_ours(bench, version, ("ours", "floor")),
                                      version, shown)]
    print("\n".join([*wrong, "stale: tests/bench.sh --write"] if wrong else ["README.md is up to date"]))
    return 1 if wrong else 0


def main() -> int:
    """0 once measured."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=Path)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    build = args.build.resolve()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    with Server() as server:
        bench = Bench(build, server)
        if args.check:
            return check(bench)
        costs = measure(bench)
    text = report.text(costs)
    (build / "report.md").write_text(text)
    print(text, end="")
    if args.write:
        report.place(README, report.short(costs))
    return 0


if __name__ == "__main__":
    sys.exit(main())
