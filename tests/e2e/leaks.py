# SPDX-License-Identifier: Apache-2.0
"""Searches the records of a run for secrets: python3 tests/e2e/leaks.py DIR"""

from __future__ import annotations

import json
import sys
from pathlib import Path

SHORTEST = 8  # shorter strings would match by accident


def secrets_of(directory: Path) -> set[str]:
    secrets: set[str] = set()
    for file in directory.glob("*.planted"):
        for secret in json.loads(file.read_text()):
            if len(secret) >= SHORTEST:
                secrets |= {secret, secret[:max(SHORTEST, len(secret) // 2)]}
    return secrets


def search(directory: Path) -> list[str]:
    """A line for each secret in each file, without the secret itself."""
    secrets = sorted(secrets_of(directory), key=len, reverse=True)
    found = []
    for file in sorted(directory.iterdir()):
        if file.suffix == ".planted" or not file.is_file():
            continue
        text = file.read_text("utf-8", "backslashreplace")
        for secret in secrets:
            if secret in text:
                line = text.count("\n", 0, text.index(secret)) + 1
                found.append(f"{file.name}:{line}: {text.splitlines()[line - 1].replace(secret, '(secret)')}")
    return found


def main() -> int:
    directory = Path(sys.argv[1])
    found = search(directory)
    for line in found:
        print(line)
    print(f"{len(secrets_of(directory))} secrets, "
          f"{sum(1 for _ in directory.iterdir())} files, {len(found)} leaks")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
