# SPDX-License-Identifier: Apache-2.0
"""Times `get` and a command of the console alone and beside crowds of other clients.

    python3 tests/e2e/bench_clients.py [COUNT]     COUNT: gets for each row, 500 unless given

A get is a new connection, greeting and answer included. Figures only: nothing fails.
"""

from __future__ import annotations

import contextlib
import resource
import socket
import subprocess
import sys
import time

from keeper import Bitrix24, Keeper, record_secrets
from protocol import Client

SILENT = b""
BETWEEN = b'{"tokenkeeper":2}\n'
WAITING = b'{"tokenkeeper":2}\n{"op":"get","ref":"second","rejected":1,"timeout":3600}\n'
FLOOD = """
import socket, sys
while True:
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(sys.argv[1])
"""


def crowd(stack: contextlib.ExitStack, keeper: Keeper, count: int, text: bytes) -> None:
    for _ in range(count):
        s = stack.enter_context(socket.socket(socket.AF_UNIX))
        s.connect(str(keeper.socket))
        with contextlib.suppress(ConnectionError):
            s.sendall(text)


def flood(stack: contextlib.ExitStack, keeper: Keeper) -> None:
    process = subprocess.Popen([sys.executable, "-c", FLOOD, str(keeper.socket)])
    stack.callback(process.wait)
    stack.callback(process.kill)


def one_get(keeper: Keeper) -> int:
    """Returns how often the service closed the connection first."""
    again = 0
    while True:
        try:
            with Client(keeper.socket) as client:
                assert client.ask({"op": "get"})["ok"]
            return again
        except BlockingIOError:  # the queue is full
            time.sleep(0.001)
        except (ConnectionError, ValueError):
            again += 1


def timed(count: int, action) -> tuple[list[float], int]:
    times, again = [], 0
    for _ in range(count):
        begun = time.perf_counter()
        again += action() or 0
        times.append(1000 * (time.perf_counter() - begun))
    return sorted(times), again


def console(keeper: Keeper) -> None:
    done = keeper.run("console", input="@1 version\n")
    assert "@1 OK" in done.stdout, done.stderr


def row(name: str, keeper: Keeper, count: int) -> None:
    times, again = timed(count, lambda: one_get(keeper))
    consoles, _ = timed(max(count // 25, 5), lambda: console(keeper))
    print(f"{name:24} {times[count // 2]:8.2f} {times[count * 99 // 100]:8.2f} {times[-1]:8.2f}"
          f" {again:9} {consoles[len(consoles) // 2]:10.2f} {consoles[-1]:8.2f}", flush=True)


def main() -> None:
    count = int(sys.argv[1]) if sys.argv[1:] else 500
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    b24 = Bitrix24().start()
    keeper = Keeper(b24)
    try:
        keeper.provision()
        keeper.must("ref add second")  # those that wait do so for its token
        keeper.configure()
        keeper.must(f"auth code {keeper.redirect()}")
        keeper.kill()
        keeper.start()
        print("ms                         median      p99      max repeated    console      max")
        row("alone", keeper, count)
        for name, text in (("silent", SILENT), ("between requests", BETWEEN), ("waiting", WAITING)):
            if text == WAITING:
                b24.fault("oauth", "stall_at", byte=0, count=-1)
            for others in (24, 100, min(10000, hard - 200)):
                with contextlib.ExitStack() as stack:
                    crowd(stack, keeper, others, text)
                    row(f"{others} {name}", keeper, count)
        with contextlib.ExitStack() as stack:
            flood(stack, keeper)
            row("one that reconnects", keeper, count)
    finally:
        keeper.close()
        record_secrets(b24)
        b24.stop()


if __name__ == "__main__":
    main()
