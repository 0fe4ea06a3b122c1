# SPDX-License-Identifier: Apache-2.0
"""Lists 10,000 deals under the portal's limit: `tokenkeeper call --all`, and curl in a loop.

    python3 tests/e2e/bench_call.py [PAGES]     PAGES of 50 deals, 200 unless given

Prints seconds, their ratio to what the limit itself demands, requests that the portal refused, and
the peak of resident memory. Figures only: nothing fails.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path

from keeper import PROGRAM, Bitrix24, Keeper, record_secrets

SELECT = ["ID", "TITLE", "STAGE_ID", "OPPORTUNITY", "CURRENCY_ID", "DATE_MODIFY"]
LIMIT_WAIT_S = 1.5  # what curl's loop waits after QUERY_LIMIT_EXCEEDED


def peak_kb(process: subprocess.Popen) -> int:
    """So far; 0 when it has ended."""
    try:
        text = Path(f"/proc/{process.pid}/status").read_text("ascii")
    except OSError:
        return 0
    found = re.search(r"VmHWM:\s+(\d+)", text)
    return int(found[1]) if found else 0


def ours(keeper: Keeper, out: Path) -> tuple[int, int]:
    """Returns rows and peak of memory."""
    peak = 0
    with out.open("w") as file:
        process = subprocess.Popen([PROGRAM, "call", "crm.deal.list", "--all",
                                    *(f"select[]={name}" for name in SELECT)],
                                   env=keeper.env, stdout=file)
        while process.poll() is None:
            peak = max(peak, peak_kb(process))
            time.sleep(0.02)
    assert process.returncode == 0
    return len(out.read_text().splitlines()), peak


def curl(b24: Bitrix24, token: str) -> int:
    """Page by page, by keyset as well; returns the number of rows."""
    rows, last = 0, 0
    while True:
        body = {"select": SELECT, "filter": {">ID": last}, "order": {"ID": "ASC"}, "start": -1,
                "auth": token}
        done = subprocess.run(["curl", "-sS", "--cacert", b24.ca, "--json", "@-",
                               f"https://{b24.portal}/rest/crm.deal.list"], check=True,
                              input=json.dumps(body).encode(), capture_output=True)
        page = json.loads(done.stdout).get("result")
        if page is None:
            time.sleep(LIMIT_WAIT_S)
            continue
        rows += len(page)
        if len(page) < 50:
            return rows
        last = int(page[-1]["ID"])


def floor_s(b24: Bitrix24, requests: int) -> float:
    """What the limit demands of an idle portal."""
    settings = b24.state()["settings"]
    return max(0.0, requests - settings["limit_bucket"] - 1) / settings["limit_rate"]


def report(name: str, b24: Bitrix24, since: int, took_s: float, rows: int, memory: str) -> None:
    pages = [entry for entry in b24.log(since) if entry.get("kind") == "rest.crm.deal.list"]
    refused = sum(entry["outcome"] == "QUERY_LIMIT_EXCEEDED" for entry in pages)
    floor = floor_s(b24, len(pages) - refused)
    print(f"{name:12} {rows:6} rows  {took_s:6.1f} s  limit {floor:6.1f} s  "
          f"ratio {took_s / floor if floor else 0:5.3f}  refused {refused:3}  {memory}", flush=True)


def main() -> None:
    pages = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    with Bitrix24(deals=50 * pages) as b24:
        keeper = Keeper(b24)
        try:
            keeper.provision()
            idle_kb = keeper.peak_kb()
            time.sleep(2)  # app.info has left the bucket
            since, begun = b24.log()[-1]["n"], time.monotonic()
            rows, peak = ours(keeper, keeper.home / "rows")
            report("tokenkeeper", b24, since, time.monotonic() - begun, rows,
                   f"{peak} KB, service +{keeper.peak_kb() - idle_kb} KB")
            time.sleep(1 + floor_s(b24, 102) if pages > 50 else 0)  # the bucket is empty again
            token, since = keeper.get().stdout.strip(), b24.log()[-1]["n"]
            begun = time.monotonic()
            rows = curl(b24, token)
            report("curl", b24, since, time.monotonic() - begun, rows, "")
        finally:
            record_secrets(b24)
            keeper.close()


if __name__ == "__main__":
    main()
