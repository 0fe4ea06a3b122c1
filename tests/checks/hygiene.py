# SPDX-License-Identifier: Apache-2.0
"""Content that no tracked file may have."""

from __future__ import annotations

import functools
import re
from pathlib import Path

import source

LARGEST = 200 * 1024

# Inputs of fuzzers: any bytes, whole as they are, but small.
SEEDS = re.compile(r"tests/fuzz/seeds/.*")
LARGEST_SEED = 2 * 1024

# Written so that they do not match this file.
REGISTRIES = re.compile(
    r"\b(?:(?:deb|security|snapshot|ftp[\w.]*|cdn-fastly|cdn-aws)[.]debian[.]org"
    r"|(?:archive|ports|security)[.]ubuntu[.]com|pypi[.](?:org|python[.]org)"
    r"|files[.]pythonhosted[.]org|registry[.](?:npmjs[.]org|yarnpkg[.]com)|crates[.]io"
    r"|rubygems[.]org|proxy[.]golang[.]org|(?:docker|ghcr|quay|gcr)[.]io|hub[.]docker[.]com"
    r"|(?:raw|objects)[.]githubusercontent[.]com|codeload[.]github[.]com"
    r"|github[.]com/[\w.-]+/[\w.-]+/(?:releases|archive|raw|tarball|zipball)"
    r"|(?:mirrors?|artifactory|nexus)[.][\w-]+[.]\w+)")
MACHINE_PATHS = re.compile(r"(?<![\w.~}-])/(?:work|root|home/\w+|Users)/")
OPEN_ENDS = re.compile(r"\b(?:TOD[O]|FIXM[E]|XX[X])\b")
TEMPLATE = re.compile(r"(port|boards)/template/.*|tests/porting/.*|tests/unit/port/test_template\.c")
THIRD_PARTY = re.compile(r"(?:^|/)(?:jsmn\.[ch]|cmocka\w*\.h|mbedtls[^/]*/(?:library|include)/.*"
                         r"|lwip[^/]*/(?:src|contrib)/.*)$")
COPYRIGHT = re.compile(r"\bCopyrigh[t]\b")
SCRIPTS = (".c", ".h", ".S", ".s", ".ld", ".py", ".sh", ".cmake")

# (message, pattern, pattern of exempt files)
LINE_RULES = [
    ("names a package registry or mirror", REGISTRIES, None),
    ("names a path of one machine", MACHINE_PATHS, None),
    ("has an unfinished note", OPEN_ENDS, TEMPLATE),
    ("has trailing white space", re.compile(r"[ \t\r]$"), SEEDS),
    ("has a byte that is not ASCII", re.compile(r"[^\x00-\x7f]"), SEEDS),
    ("has a copyright line", COPYRIGHT, re.compile("LICENSE")),
    ("has a tab", re.compile(r"\t"), re.compile(r"(?!.*\.[ch]$).*")),
]


def needs_licence(name: str, content: str) -> bool:
    """Whether a file is a source or a script."""
    return (name.endswith(SCRIPTS) or Path(name).name == "CMakeLists.txt"
            or content.startswith("#!"))


def _file_problems(name: str, raw: bytes, content: str) -> list[str]:
    """Problems of a file as a whole."""
    found = []
    largest = LARGEST_SEED if SEEDS.fullmatch(name) else LARGEST
    if len(raw) > largest:
        found.append(f"{name}:1: {len(raw)} bytes, over {largest}")
    if SEEDS.fullmatch(name):
        return found
    if b"\0" in raw:
        found.append(f"{name}:1: is not text")
    if THIRD_PARTY.search(name):
        found.append(f"{name}:1: is third-party source")
    if needs_licence(name, content):
        if "SPDX-License-Identifier: Apache-2.0" not in "\n".join(content.split("\n", 3)[:3]):
            found.append(f"{name}:1: no SPDX line at the top")
    if content and not content.endswith("\n"):
        found.append(f"{name}:{content.count(chr(10)) + 1}: no end of line at the end")
    return found


@functools.cache
def _all_problems(name: str, raw: bytes) -> list[str]:
    """Problems of a file and of its lines."""
    content = raw.decode("utf-8", errors="replace")
    rules = [(what, rule) for what, rule, but in LINE_RULES if not (but and but.fullmatch(name))]
    return _file_problems(name, raw, content) + [
        f"{name}:{number}: {what}" for number, line in enumerate(content.split("\n"), 1)
        for what, rule in rules if rule.search(line)]


def problems(tree: Path) -> list[str]:
    """Problems of all tracked files."""
    return [problem for name in source.tracked(tree)
            for problem in _all_problems(name, (tree / name).read_bytes())]
