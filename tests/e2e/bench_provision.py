#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How long `tokenkeeper provision` takes, with a browser that is a script:

    python3 tests/e2e/bench_provision.py [--gateways N]

one gateway from nothing to ready; then N of a file (50), of which a part is ready when the command
is killed; and when the codes reached the server after the portal had redirected, by its own log.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from keeper import PROGRAM, PYTHON, HERE, Bitrix24, Keeper
from test_provision_command import free_port


class Bench:
    """A Bitrix24, and gateways at pseudoterminals."""

    def __init__(self, home: Path, count: int) -> None:
        self.home, self.port = home, free_port()
        self.b24 = Bitrix24(handler=f"http://localhost:{self.port}/", limit_rate=0).start()
        (home / "secret").write_text(self.b24.client_secret)
        (home / "secret").chmod(0o600)
        self.gateways = [Keeper(self.b24, clock="synchronized", console=f"pty={home}/tty{i}",
                                options=("--device-id", f"gw-{i:04}")) for i in range(count + 1)]

    def start(self, *options: str) -> subprocess.Popen:
        env = {"PATH": os.environ["PATH"], "BROWSER": f"{PYTHON} {HERE / 'scripted_browser.py'}",
               "BROWSER_CA": self.b24.ca}
        return subprocess.Popen(
            [PROGRAM, "provision", "--portal", self.b24.portal, "--client-id", self.b24.client_id,
             "--secret-file", str(self.home / "secret"), "--auth-host", self.b24.oauth, "--port",
             str(self.port), *options], env=env, stdin=subprocess.DEVNULL, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def times(self, kind: str) -> list[float]:
        return [entry["time"] for entry in self.b24.log() if entry.get("kind") == kind]

    def close(self) -> None:
        for gateway in self.gateways:
            gateway.close()
        self.b24.stop()


def main() -> int:
    """Prints the figures; 1 if a gateway is not ready."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gateways", type=int, default=50, metavar="N")
    count = parser.parse_args().gateways
    with tempfile.TemporaryDirectory(prefix="tk-") as name:
        home = Path(name)
        bench = Bench(home, count)
        began = time.monotonic()
        one = bench.start("--serial", str(home / f"tty{count}"))
        one.communicate()
        print(f"one gateway: {time.monotonic() - began:.2f} s, exit {one.returncode}", flush=True)
        rows = "".join(f"{home}/tty{i}\n" for i in range(count))
        (home / "all.csv").write_text("serial\n" + rows)
        began = time.monotonic()
        first = bench.start("--from", str(home / "all.csv"))
        while len(bench.times("exchange")) < 1 + count // 2 and first.poll() is None:
            time.sleep(0.05)
        first.kill()
        first.communicate()
        print(f"killed after {time.monotonic() - began:.1f} s", flush=True)
        second = bench.start("--from", str(home / "all.csv"))
        out, _ = second.communicate()
        print(f"{out.splitlines()[-1].split(';')[0]} after {time.monotonic() - began:.1f} s")
        codes, exchanges = bench.times("authorize"), bench.times("exchange")
        delays = [exchange - code for code, exchange in zip(codes, exchanges)]
        print(f"{len(exchanges)} codes for {count + 1} gateways; from the redirect to the token "
              f"server: {max(delays):.2f} s at most")
        bench.close()
        return 0 if one.returncode == second.returncode == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
