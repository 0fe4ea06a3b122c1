#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Mutation testing of core: changes one thing in a source and expects that a unit test fails.

    python3 tests/mutation/run.py build/host [--seconds N] [--seed N] [-jN] [FILE...]

A mutant is a comparison that is inverted or whose bound is moved, a constant plus 1, or a call whose
result is not used and which is left out. FILE is part of the name of a source; without it, all. --seconds N:
in random order, and none begins after N seconds. Those of `survivors` are known and not run. Needs the
unit tests of the build that is named. Exit status 1: a mutant survives, or a row of `survivors` is stale.
See README.md.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import resource
import shlex
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

TREE = Path(__file__).resolve().parents[2]
LIST = TREE / "tests/mutation/survivors"
LIMIT_S = 20  # of a test: a mutant may loop forever

# Sources, and the folders of the tests that may find a mutant, or how their paths begin. The first
# pattern counts.
ROOMS = [("core/base/tk_json*.c", ("base",)),
         ("core/base/tk_time.c", ("base", "keeper")),
         ("core/base/tk_timer.c", ("base",)),
         ("core/base/tk_calendar.c", ("base",)),
         ("core/base/tk_duration.c", ("base",)),
         ("core/https/tk_http_request.c", ("oauth",)),
         ("core/https/tk_http*.c", ("https",)),
         ("core/store/tk_*.c", ("store",)),
         ("core/oauth/tk_token_serve.c", ("oauth", "keeper")),
         ("core/oauth/tk_budget.c", ("oauth",)),
         ("core/oauth/tk_state.c", ("oauth",)),
         ("core/oauth/tk_counters.c", ("oauth",)),
         ("core/oauth/tk_oauth.c", ("oauth",)),
         ("core/oauth/tk_refresh.c", ("oauth", "keeper")),
         ("core/oauth/tk_token.c", ("oauth", "keeper")),
         ("core/oauth/tk_oauth_response.c", ("oauth",)),
         ("core/oauth/tk_account_[lv]*.c", ("oauth", "runtime")),
         ("core/oauth/tk_account*.c", ("oauth",)),
         ("core/oauth/tk_auth.c", ("oauth",)),
         ("core/oauth/tk_portal.c", ("oauth",)),
         ("core/oauth/tk_rest_verify.c", ("oauth",)),
         ("core/rest/tk_*.c", ("rest",)),
         ("core/tk_mailbox_*.c", ("keeper/test_mailbox",)),
         ("boards/host/call_access.c", ("boards/test_host_call_access",)),
         ("boards/host/call_rows.c", ("boards/test_host_call_rows",))]
APART = ("test_store_unsealed", "test_https_asserts")  # they have sources of their own, or take long
SLOW = ("test_store_cuts", "test_store_images", "test_mailbox_threads")  # seconds each: asked last

FLIP = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
BOUND = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}
HIDDEN = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|/\*.*?\*/'
                    r"|^[ \t]*#(?:[^\n]*\\\n)*[^\n]*|TK_ASSERT\([^;]*;", re.DOTALL | re.MULTILINE)
COMPARISON = re.compile(r" (==|!=|<=|>=|<|>) ")
CONSTANT = re.compile(r"(?<![\w.])(0x[0-9a-fA-F]+|\d+)(u?)(?![\w.])")
SIZE = re.compile(r"^[ \t]*(?:static |const |struct |unsigned )*\w+ [^=;]*\[$"  # of an array: not mutated
                  r"|\b(?:char|unsigned|size_t|u?int\d+_t|struct \w+) (?:[^;(){}]*, )?\w+\[[\w +*-]*$")
CALL = re.compile(r"^[ \t]+(?:\(void\))?[a-z]\w*(?:->\w+|\.\w+)*\([^;{}]*\);$", re.MULTILINE)
KEYWORDS = re.compile(r"[ \t]*(?:return|if|for|while|switch|else|do|sizeof)\b")


@dataclass(frozen=True)
class Mutant:
    """A change of a source: from `begin` to `end` stands `new`."""

    file: str
    begin: int
    end: int
    new: str

    def apply(self, text: str) -> str:
        """The mutated source."""
        return text[:self.begin] + self.new + text[self.end:]

    def lines(self, text: str) -> tuple[str, str]:
        """The first line that changes, before and after, without indentation."""
        begin = text.rfind("\n", 0, self.begin + 1 if self.new else self.begin) + 1
        end = text.find("\n", self.begin)
        after = text[begin:self.begin] + self.new + text[self.end:max(end, self.end)]
        return text[begin:end].strip(), after.strip() if self.new else "-"


def mutants_of(name: str) -> list[Mutant]:
    """All of a source, in its order."""
    text = (TREE / name).read_text("ascii")
    code = HIDDEN.sub(lambda it: re.sub(r"[^\n]", "~", it.group()), text)
    found = []
    for it in COMPARISON.finditer(code):
        for new in {FLIP[it.group(1)], BOUND.get(it.group(1), FLIP[it.group(1)])}:
            found.append(Mutant(name, it.start(1), it.end(1), new))
    for it in CONSTANT.finditer(code):
        if SIZE.search(code[code.rfind("\n", 0, it.start()) + 1:it.start()]):
            continue
        base = 16 if it.group(1).startswith("0x") else 10
        value = int(it.group(1), base) + 1
        number = f"{value:#x}" if base == 16 else str(value)
        found.append(Mutant(name, it.start(), it.end(), number + it.group(2)))
    for it in CALL.finditer(code):
        if not KEYWORDS.match(it.group()) and ";" not in text[it.start():it.end() - 1]:
            begin = it.start() + len(it.group()) - len(it.group().lstrip())
            found.append(Mutant(name, begin, it.end() - 1, ""))
    return sorted(found, key=lambda it: (it.begin, it.new))


def limited() -> None:
    """In a test: a mutant may also write without end, or take all memory."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 24, 1 << 24))
    resource.setrlimit(resource.RLIMIT_AS, (1 << 31, 1 << 31))


class Build:
    """The commands of a build."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.found: Counter[tuple[str, str]] = Counter()  # mutants, by source and test
        self.sound: set[tuple[str, str]] = set()  # sources that pass tests as they stand
        edges = json.loads(subprocess.run(["ninja", "-C", str(folder), "-t", "compdb"],
                                          capture_output=True, text=True, check=True).stdout)
        self.compile = {str(Path(it["file"]).relative_to(TREE)): it["command"] for it in edges
                        if it["file"].endswith(".c")
                        and it["output"].startswith(("core/", "CMakeFiles/tokenkeeper."))}
        self.link = {it["output"]: it["command"] for it in edges
                     if it["output"].startswith("tests/unit/") and it["output"].endswith(".o") is False
                     and re.fullmatch(r"test_\w+", Path(it["output"]).name)}

    def tests(self, source: str, rooms: tuple[str, ...]) -> list[str]:
        """Those that may find a mutant of a source, the most likely first: those that found others."""
        stem = Path(source).stem.removeprefix("tk_")
        words = stem.split("_")

        def distance(test: str) -> tuple[int, int, str]:
            name = Path(test).name.removeprefix("test_")
            return (name != stem, -sum(word in name for word in words), name)

        tests = [test for room in rooms
                 for test in sorted((it for it in self.link
                                     if it.startswith(f"tests/unit/{room}{'' if '/' in room else '/'}")
                                     and Path(it).name not in APART), key=distance)]
        return sorted(tests, key=lambda it: (Path(it).name in SLOW, -self.found[source, it]))

    def object(self, source: str, text: str, work: Path) -> Path | None:
        """Compiles a mutated source; None if it is no C, or the compiler warns."""
        mutated, made = work / Path(source).name, work / "mutant.o"
        mutated.write_text(text, "ascii")
        words = shlex.split(self.compile[source])
        output = words.index("-o")
        words[output + 1] = str(made)
        words[words.index("-c") + 1] = str(mutated)
        words[words.index("-c"):words.index("-c")] = [f"-I{(TREE / source).parent}"]
        for flag in ("-MF", "-MT"):
            words[words.index(flag) + 1] = str(work / "mutant.d")
        done = subprocess.run([*words, "-w", "-O1", "-fsanitize=undefined", "-fsanitize=bounds-strict",
                               "-fsanitize-undefined-trap-on-error"], cwd=self.folder, capture_output=True, check=False)
        return made if done.returncode == 0 else None

    def program(self, source: str, test: str, made: Path, work: Path) -> Path | None:
        """Links a test with a mutant before the libraries, or in place of its own copy of the source; None if the test has that code from elsewhere."""
        command = self.link[test].removeprefix(": && ").removesuffix(" && :")
        words = shlex.split(command)
        words = [word for word in words if not word.endswith(f"/{source}.o")]
        program = work / "test"
        output = words.index("-o")
        words[output + 1] = str(program)
        words[output:output] = ["-s", str(made)]  # without symbols a link takes half as long
        done = subprocess.run(words, cwd=self.folder, capture_output=True, check=False)
        return program if done.returncode == 0 else None


def fails(program: Path) -> bool:
    """Whether a test finds a mutant: it fails, or does not end."""
    try:
        return subprocess.run([str(program)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              check=False, timeout=LIMIT_S, preexec_fn=limited).returncode != 0
    except subprocess.TimeoutExpired:
        return True


def check(build: Build, source: str, test: str) -> None:
    """Ends the run if a source that is not mutated does not compile either, or if it fails the test."""
    if (source, test) in build.sound:
        return
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        made = build.object(source, (TREE / source).read_text("ascii"), work)
        program = build.program(source, test, made, work) if made is not None and test else None
        if made is None or (program is not None and fails(program)):
            sys.exit(f"{source}: as it stands, it fails {test or 'to compile'}")
    build.sound.add((source, test))


def killer(build: Build, mutant: Mutant, rooms: tuple[str, ...]) -> str:
    """The test that finds a mutant; nothing if it survives."""
    check(build, mutant.file, "")
    text = (TREE / mutant.file).read_text("ascii")
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        made = build.object(mutant.file, mutant.apply(text), work)
        if made is None:
            return "the compiler"
        for test in build.tests(mutant.file, rooms):
            program = build.program(mutant.file, test, made, work)
            if program is not None and fails(program):
                check(build, mutant.file, test)
                build.found[mutant.file, test] += 1
                return Path(test).name
    return ""


def known() -> dict[tuple[str, str, str], str]:
    """The rows of `survivors`: file, line, mutated line (- where a call is left out), and why."""
    rows = [line.split(" # ") for line in LIST.read_text("ascii").splitlines()
            if line and not line.startswith("#")]
    return {(row[0], row[1].strip(), row[2].strip()): row[3].strip() for row in rows}


def chosen(names: list[str]) -> list[tuple[Mutant, tuple[str, ...]]]:
    """The mutants of the sources that are named, or of all."""
    sources: dict[str, tuple[str, ...]] = {}
    for pattern, rooms in ROOMS:
        for path in sorted(TREE.glob(pattern)):
            sources.setdefault(str(path.relative_to(TREE)), rooms)
    return [(it, rooms) for name, rooms in sources.items()
            if not names or any(word in name for word in names) for it in mutants_of(name)]


def stale(explained: dict[tuple[str, str, str], str]) -> list[str]:
    """Rows of `survivors` that no mutant has."""
    there = {(it.file, *it.lines((TREE / it.file).read_text("ascii"))) for it, _ in chosen(["core/", "boards/"])}
    return [f"survivors: stale: {' # '.join(row)}" for row in explained if row not in there]


def run(build: Build, todo: list[tuple[Mutant, tuple[str, ...]]], jobs: int, seconds: float) -> list[str]:
    """Runs mutants, at least one, and prints a line for each; those that survive."""
    explained, began, survivors, done = known(), time.monotonic(), [], 0

    def one(it: tuple[Mutant, tuple[str, ...]]) -> tuple[Mutant, str] | None:
        mutant, rooms = it
        row = (mutant.file, *mutant.lines((TREE / mutant.file).read_text("ascii")))
        if row in explained or (time.monotonic() - began > seconds and it is not todo[0]):
            return None
        return mutant, killer(build, mutant, rooms)

    with ThreadPoolExecutor(jobs) as pool:
        for result in pool.map(one, todo):
            if result is None:
                continue
            mutant, name = result
            before, after = mutant.lines((TREE / mutant.file).read_text("ascii"))
            done += 1
            if not name:
                survivors.append(f"{mutant.file} # {before} # {after} #")
            print(f"{mutant.file}: {before} -> {after}: {name or 'SURVIVES'}", flush=True)
    print(f"{done} of {len(todo)} mutants, {len(survivors)} survive")
    return survivors


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=Path)
    parser.add_argument("--seconds", type=float, default=float("inf"), metavar="N")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1000000, metavar="N")
    parser.add_argument("-j", type=int, default=2, metavar="N")
    parser.add_argument("names", nargs="*", metavar="FILE")
    args = parser.parse_intermixed_args()
    todo = chosen(args.names)
    if args.seconds != float("inf"):
        print(f"--seed {args.seed}")
        random.Random(args.seed).shuffle(todo)
    problems = stale(known())
    problems += run(Build(args.build.resolve()), todo, args.j, args.seconds)
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
