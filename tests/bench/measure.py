# SPDX-License-Identifier: Apache-2.0
"""Runs one contestant in one mode and says what it cost."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from server import Server

MODES = ("new", "full", "resumed", "kept")
COUNTS = {"new": 6, "full": 6, "resumed": 6, "kept": 20}  # refreshes measured, after WARM_UP others
WARM_UP = 2
PER_REFRESH = ("allocations", "tx", "rx", "sends", "trips")

# What the server must have seen of a refresh in a mode: resumed, kept.
SEEN = {"new": (False, False), "full": (False, False), "resumed": (True, False)}


@dataclass
class Cost:
    """Of one refresh, or of a fresh process that does one."""

    instructions: float
    heap: int = 0
    allocations: float = 0
    tx: float = 0
    rx: float = 0
    sends: float = 0
    trips: float = 0
    rss_kb: int = 0


@dataclass
class Bench:
    """Where the programs are and whom they ask."""

    build: Path
    server: Server
    meter: Path = field(init=False)

    def __post_init__(self) -> None:
        self.meter = self.build / "tests/bench/libbench_meter.so"

    def _run(self, command: Sequence[str], stdin: str, **env: str) -> subprocess.CompletedProcess:
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=300,
                              env={**os.environ, **env})
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}: {done.returncode}\n{done.stderr}")
        return done

    def instructions(self, command: Sequence[str], toggle: str = "", stdin: str = "") -> int:
        """Of a whole process, or of a function in it."""
        out = self.build / f"callgrind.{Path(command[0]).name}"
        options = [f"--callgrind-out-file={out}"]
        if toggle:
            options.append(f"--toggle-collect={toggle}")
            out = out.with_name(f"{out.name}.{command[1]}")
            options[0] = f"--callgrind-out-file={out}"
        done = self._run(["valgrind", "--tool=callgrind", *options, *command], stdin)
        found = re.search(r"Collected : (\d+)", done.stderr)
        if found is None:
            raise RuntimeError(f"valgrind counted nothing:\n{done.stderr}")
        return int(found.group(1))

    def metered(self, command: Sequence[str], stdin: str = "") -> tuple[dict[str, int], str]:
        """What the meter says of a process, and the process's output."""
        out = self.build / "meter.json"
        done = self._run(command, stdin, LD_PRELOAD=str(self.meter), BENCH_METER=str(out))
        return json.loads(out.read_text()), done.stdout

    def command(self, name: str, version: str, mode: str, warm_up: int, count: int) -> list[str]:
        """The command line of a contestant of ours."""
        program = self.build / f"tests/bench/bench_{name}"
        return [str(program), mode, str(self.server.ports[version]), str(self.server.root),
                str(warm_up), str(count)]

    def _check(self, version: str, mode: str, count: int) -> None:
        """The server tells whether a mode was what it says."""
        seen = self.server.new_requests()[-count:]
        right = [one.protocol == f"TLSv{version}" and
                 (one.kept if mode == "kept" else (one.resumed, one.kept) == SEEN[mode])
                 for one in seen]
        if len(right) != count or not all(right):
            raise RuntimeError(f"TLS {version} {mode}: the server saw {seen}")

    def refresh(self, name: str, version: str, mode: str) -> Cost:
        """The n-th refresh in a process that goes on."""
        count = COUNTS[mode]
        command = self.command(name, version, mode, WARM_UP, count)
        total = self.instructions(command, "bench_measured")
        self._check(version, mode, count)
        told, _ = self.metered(command)
        self._check(version, mode, count)
        each = {key: told[key] / count for key in PER_REFRESH}
        return Cost(total / count, told["heap"], rss_kb=told["rss_kb"], **each)

    def fresh(self, name: str, version: str) -> Cost:
        """A process that starts, refreshes once and ends."""
        command = self.command(name, version, "full", 0, 1)
        return self.process(command)[0]

    def process(self, command: Sequence[str], stdin: str = "") -> tuple[Cost, str]:
        """Any process as a whole, and its output."""
        told, output = self.metered(command, stdin)
        return Cost(self.instructions(command, stdin=stdin), **told), output
