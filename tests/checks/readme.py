# SPDX-License-Identifier: Apache-2.0
"""Documentation is true: the tables of sizes are today's, and what any *.md names exists."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cross
import snippets
import source
from snippets import Snippet

BEGIN = "<!-- generated: sizes -->\n"
END = "<!-- end -->"

# One row a room, in the order of the arrows.
ROOMS = [("base", "text, JSON, time, timers, errors, user-facing strings"),
         ("store", "values on flash, sealing"), ("https", "URL, HTTP, TLS, requests"),
         ("runtime", "what every part is handed"), ("oauth", "accounts and the life of a token"),
         ("rest", "calls of the portal"),
         ("escalate", "alert levels, webhook, Corezoid"), ("console", "lines and commands"),
         ("", "the keeper")]
# The modules of core/https, and what each is about.
HTTPS = [("tk_https", "queue, sessions, preemption"), ("tk_connection", "one request, one connection"),
         ("tk_http", "HTTP/1.1 responses"), ("tk_http_request", "HTTP/1.1 requests"),
         ("tk_http_date", "the Date field"),
         ("tk_http_shape", "what may be shown of a response"),
         ("tk_url", "hosts, query parameters"), ("tk_dial", "name, TCP, both families"),
         ("tk_tls", "handshake, records"),
         ("tk_tls_config", "profiles"), ("tk_tls_session", "resumption"),
         ("tk_chain", "order, purpose and constraints of a chain"),
         ("tk_names", "host names, name constraints"),
         ("tk_certificate", "dates, errors of a certificate")]
HERE = "tests/checks/"
SUFFIXES = ("_len", "_sha256")  # of keys whose values are not shown
# Tables of a server's error codes: the test that compares them with the code word by word.
CATALOGUES = {"core/oauth/errors.md": "tests/unit/oauth/test_oauth_errors.c"}
FOREIGN = {"mtime"}  # words of data sheets that our sources do without
SYSTEM = {"/etc/systemd/system/"}  # folders of the operating system
COPIED = ("myboard", "template")  # a guide's name for a copy, and the folder it is a copy of


@dataclass
class Facts:
    """What documentation is compared with."""

    files: list[str]
    folders: set[str]
    presets: set[str]
    elsewhere: str  # all text of the tree except documentation and these checks
    lower: str  # the same in lower case
    tokens: set[str]  # most words of that, in lower case: quicker to ask
    flags: dict[str, set[str]]  # of each subcommand; "" has those of all
    commands: list[str]
    settings: set[str]
    errors: set[str]
    words: set[str]  # whatever core prints


def core_table(built: cross.Built, _: str) -> str:
    """The sizes of all rooms."""
    rows = ["| core on Cortex-M3 (gcc -Os, without mbedTLS) | bytes |", "|---|---:|"]
    for room, what in ROOMS:
        title = f"`core/{room}`: {what}" if room else f"`core/`: {what}"
        rows.append(f"| {title} | {built.room(room)} |")
    rows.append(f"| **all code and constants** | **{built.text()}** |")
    rows.append(f"| `struct tk_keeper`, one account, one connection | {built.keeper} |")
    rows.append(f"| the largest stack frame | {built.largest_frame()[1]} |")
    return "\n".join(rows) + "\n"


def https_table(built: cross.Built, readme: str) -> str:
    """The sizes of core/https and of the files of core/base that its README names."""
    base = re.findall(r"^core/base/(\w+)\.c$", readme, re.MULTILINE)
    rows = ["| on Cortex-M3 (gcc -Os, without mbedTLS) | bytes |", "|---|---:|"]
    rows += [f"| `{name}`: {what} | {built.text([name])} |" for name, what in HTTPS]
    rows.append(f"| {len(base)} files of `core/base` | {built.text(base)} |")
    rows.append(f"| **all code and constants** | **{built.room('https') + built.text(base)}** |")
    rows.append(f"| RAM: `struct tk_https`, one connection, one session | {built.structs.get('tk_https', 0)} |")
    rows.append(f"| RAM: each further connection | {built.structs.get('tk_connection', 0)} |")
    rows.append(f"| RAM: each further session | {built.structs.get('tk_tls_session', 0)} |")
    rows.append(f"| the largest stack frame | {built.largest_frame('core/https/')[1]} |")
    return "\n".join(rows) + "\n"


SIZES = {"core/README.md": core_table, "core/https/README.md": https_table}


def ungrouped(built: cross.Built) -> list[str]:
    """Rooms and modules that no row of a table counts, and rows that count nothing."""
    https = {name for name, room in built.rooms.items() if room == "https"}
    return [f"tests/checks/readme.py:1: its tables and core disagree about {name}"
            for name in sorted(({room for room, _ in ROOMS} ^ set(built.rooms.values()))
                               | ({name for name, _ in HTTPS} ^ https))]


def _split(name: str, readme: str) -> tuple[str, str, str]:
    """A README before, between and behind the markers."""
    before, _, rest = readme.partition(BEGIN)
    between, end, behind = rest.partition(END)
    if not end:
        raise RuntimeError(f"{name} has no {BEGIN.strip()} ... {END}")
    return before + BEGIN, between, END + behind


def write(tree: Path, built: cross.Built) -> list[str]:
    """Puts today's tables into the READMEs; those that changed."""
    changed = []
    for name, table in SIZES.items():
        readme = source.text(tree, name)
        before, between, behind = _split(name, readme)
        if between != table(built, readme):
            (tree / name).write_text(before + table(built, readme) + behind, encoding="utf-8")
            changed.append(name)
    return changed


def _usage(help_text: str) -> dict[str, str]:
    """Each subcommand's lines of the program's help."""
    found: dict[str, str] = {"": help_text}
    current = None
    for line in help_text.splitlines():
        match = re.match(r"  tokenkeeper (\w+)", line)
        if match:
            current = match.group(1)
        elif not line.startswith("     "):
            current = None
        if current:
            found[current] = found.get(current, "") + line + "\n"
    return found


def _names(tree: Path, name: str) -> list[str]:
    """The first string of every row of a table that is read several times."""
    return re.findall(r'^TK_\w+\(\s*(?:[A-Z0-9_]+, )?"([^"]+)"', source.text(tree, name), re.MULTILINE)


def _strings(tree: Path, names: list[str]) -> set[str]:
    """The words inside string literals of these files."""
    found: set[str] = set()
    for name in names:
        for text in re.findall(r'"((?:\\.|[^"\\\n])*)"', source.text(tree, name)):
            found.update(re.findall(r"\w+", text))
    return found


@lru_cache(maxsize=4096)
def _tokens(path: Path, changed_ns: int) -> frozenset[str]:
    """The words of a file in lower case; changed_ns is for the cache."""
    del changed_ns
    text = path.read_text(encoding="utf-8", errors="replace").lower()
    return frozenset(re.findall(r"(?<![\w-])[a-z]\w*(?![\w-])", text))


def gather(tree: Path, help_text: str) -> Facts:
    """Everything there is to name."""
    files = source.tracked(tree)
    core = [name for name in files if name.startswith("core/")]
    others = [name for name in files
              if not name.endswith((".md", ".svg")) and not name.startswith(HERE)]
    elsewhere = help_text + "\n".join(files + [source.text(tree, name) for name in others])
    presets = json.loads(source.text(tree, "CMakePresets.json"))["configurePresets"]
    return Facts(
        files=files,
        folders={str(parent) for name in files for parent in Path(name).parents} - {"."},
        presets={preset["name"] for preset in presets},
        elsewhere=elsewhere,
        lower=elsewhere.lower(),
        tokens=set().union(*(_tokens(tree / name, (tree / name).stat().st_mtime_ns)
                             for name in others)),
        flags={command: set(re.findall(r"--[a-z][\w-]*", usage))
               for command, usage in _usage(help_text).items()},
        commands=_names(tree, "core/console/tk_commands.h"),
        settings=set(_names(tree, "core/console/tk_settings.h")),
        errors=set(_names(tree, "core/base/tk_errors.h")),
        words=_strings(tree, [name for name in core if name.endswith((".c", ".h"))]))


def _is_known(word: str, facts: Facts) -> bool:
    """Whether the rest of the tree has this word, in whatever case."""
    word = word.lower()
    if word in facts.tokens:
        return True
    at = facts.lower.find(word)
    while at >= 0:
        around = facts.lower[max(at - 1, 0):at] + facts.lower[at + len(word):at + len(word) + 1]
        if not re.search(r"[\w-]", around):
            return True
        at = facts.lower.find(word, at + 1)
    return False


def _program_problems(piece: Snippet, facts: Facts) -> list[str]:
    """Command lines of the program, and flags that stand alone: of the program or of a script."""
    if re.fullmatch(r"--[\w-]+", piece.text):
        known = piece.text in facts.flags[""] or _is_known(piece.text, facts)
        return [] if known else [f"no program has a flag {piece.text}"]
    found = []
    for match in re.finditer(r'(?<![\w/.-])tokenkeeper((?: [^\s)"]+)+)', piece.text):
        words = match.group(1).split()
        command = "" if words[0].startswith("--") else words[0]
        if command not in facts.flags:
            found.append(f"the program has no command {command}")
            continue
        used = [word.split("=")[0] for word in words if word.startswith("--")]
        found += [f"tokenkeeper {command} has no flag {flag}" for flag in used
                  if flag not in facts.flags[command]]
    return found


def _exists(path: str, facts: Facts) -> bool:
    """Whether a path is tracked, or a preset's build makes a file of that name."""
    path = path.rstrip("/")
    head, _, rest = path.partition("/")
    if head == "build":
        folder, _, rest = rest.partition("/")
        return ((folder in facts.presets or folder == COPIED[0] or _is_known(f"build/{folder}", facts))
                and (not rest or _is_known(Path(rest).name, facts)))
    return any(name in facts.folders or name in facts.files
               for name in (path, path.replace(*COPIED)))


def _path_problems(piece: Snippet, facts: Facts) -> list[str]:
    """Relative paths exist, absolute ones are known elsewhere, options of CMake exist."""
    found = []
    for token in piece.text.split():
        if re.fullmatch(r"\.?[a-z][\w.-]*/[\w./-]*", token):
            here = str(Path(piece.file).parent / token)
            if not _exists(token, facts) and not _exists(here, facts):
                found.append(f"there is no {token}")
        elif re.fullmatch(r"/\w+/[\w./-]+", token) and not (
                token in facts.elsewhere or token in SYSTEM):
            found.append(f"nothing else knows {token}")
        option = re.match(r"-D(TK_\w+)", token)
        if option and not re.search(rf"\b(set|option)\({option.group(1)} ", facts.elsewhere):
            found.append(f"CMake has no {option.group(1)}")
    return found


def _console_line(piece: Snippet, facts: Facts) -> str:
    """The console command in a piece of code, or nothing."""
    if piece.is_block:
        return piece.text[4:] if piece.text.startswith("tk> ") else ""
    words = piece.text.split()
    first = {name.split()[0] for name in facts.commands}
    if len(words) == 1 and words[0] not in facts.commands:
        return ""
    return piece.text if words[0] in first else ""


def _console_problems(piece: Snippet, facts: Facts) -> list[str]:
    """Console commands and their settings exist."""
    line = _console_line(piece, facts)
    if not line:
        return []
    if not any(f"{line} ".startswith(f"{name} ") for name in facts.commands):
        return [f"the console has no command {line}"]
    words = line.split()
    if words[0] in ("set", "unset") and len(words) > 1 and words[1] not in facts.settings:
        return [f"{words[0]} knows no {words[1]}"]
    return []


def _is_key(key: str, facts: Facts) -> bool:
    """Whether core prints this key."""
    return key in facts.words or any(key.removesuffix(suffix) in facts.words for suffix in SUFFIXES)


def _answer_problems(piece: Snippet, facts: Facts) -> list[str]:
    """Codes of errors, keys of answers, and values that are words of ours."""
    found = [f"there is no error {code}" for code in re.findall(r"\bERR (\w+)", piece.text)
             if code not in facts.errors]
    if not re.match(r"(OK |EVT |\w+=[^=]*$)", piece.text):
        return found
    for key, value in re.findall(r"(?:^| )([a-z]\w*)=(\S*)", piece.text):
        if not _is_key(key, facts):
            found.append(f"the console prints no {key}=")
        elif key in ("state", "reason", "rest", "warm") and re.fullmatch(r"\w+", value):
            if value not in facts.words:
                found.append(f"{key} is never {value}")
    return found


def _word_problems(piece: Snippet, facts: Facts) -> list[str]:
    """A name in backticks occurs somewhere else in the tree."""
    if piece.is_block or not re.fullmatch(r"[\w.][\w.-]*", piece.text):
        return []
    if piece.file in CATALOGUES or piece.text in FOREIGN:
        return []
    return [] if _is_known(piece.text, facts) else [f"nothing else knows {piece.text}"]


def _anchors(markdown: str) -> set[str]:
    """The anchors that GitHub gives to headings."""
    heads = re.findall(r"^#+ (.*)$", markdown, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}


def link_problems(tree: Path, files: list[str]) -> list[str]:
    """Links inside the tree that lead nowhere."""
    found = []
    for name in (name for name in files if name.endswith(".md")):
        text = source.text(tree, name)
        places = list(re.finditer(r"\]\(([^)\s]+)\)|(?:src|srcset|href)=\"([^\"]+)\"", text))
        for match in places:
            target, _, anchor = (match[1] or match[2]).partition("#")
            if re.match(r"[a-z]+:", target):
                continue
            path = (tree / name).parent / target if target else tree / name
            there = path / "README.md" if path.is_dir() else path
            good = path.exists() and (not anchor or anchor in _anchors(there.read_text("utf-8")))
            if not good:
                line = text.count("\n", 0, match.start()) + 1
                found.append(f"{name}:{line}: a link leads nowhere: {match[1] or match[2]}")
    return found


def naming_problems(tree: Path, help_text: str) -> list[str]:
    """What documentation names and the tree does not have."""
    facts = gather(tree, help_text)
    for name, part in (("commands", facts.commands), ("settings", facts.settings),
                       ("errors", facts.errors)):
        if not part:
            return [f"tests/checks/readme.py:1: finds no {name} in core"]
    rules = (_program_problems, _path_problems, _console_problems, _answer_problems, _word_problems)
    return link_problems(tree, facts.files) + [
        f"{name}:{piece.line}: {what}" for name in facts.files if name.endswith(".md")
        for piece in snippets.of(source.text(tree, name), name)
        for rule in rules for what in rule(piece, facts)]


def version_problems(tree: Path) -> list[str]:
    """Whether the newest version of the changelog is that of the program."""
    version = re.search(r'"(.*)"', source.text(tree, "core/base/tk_version.h"))[1]
    newest = re.search(r"^## (\S+)", source.text(tree, "CHANGELOG.md"), re.MULTILINE)[1]
    return [] if newest == version else [f"CHANGELOG.md:1: begins with {newest}, TK_VERSION is {version}"]


def size_problems(tree: Path, built: cross.Built) -> list[str]:
    """Tables of sizes that are not today's."""
    found = []
    for name, table in SIZES.items():
        readme = source.text(tree, name)
        _, between, _ = _split(name, readme)
        if between != table(built, readme):
            line = readme.count("\n", 0, readme.index(BEGIN)) + 1
            found.append(f"{name}:{line}: the sizes are stale: python3 tests/checks/run.py --write")
    return found


def problems(tree: Path, help_text: str, built: cross.Built) -> list[str]:
    """All of it."""
    return (naming_problems(tree, help_text) + ungrouped(built) + version_problems(tree)
            + size_problems(tree, built))
