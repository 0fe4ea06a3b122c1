# SPDX-License-Identifier: Apache-2.0
"""The code in a Markdown text: its blocks line by line, what stands in backticks, its commands."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Snippet:
    """A piece of code and where it stands."""

    line: int
    text: str
    is_block: bool
    file: str = "README.md"
    language: str = ""  # of a fence


# What a shell command begins with: a program of this project, or a well-known one.
PROGRAMS = """apt apt-get cat cd chmod chown cmake cp ctest curl docker echo export git groupadd install
journalctl ln make minicom mkdir mv ninja npm openocd openssl picocom pip printf python3 rm scp
screen sh socat source ssh sudo systemctl tar tokenkeeper useradd usermod wget""".split()
COMMAND = re.compile(r"(?:\$ )?(?:sudo )?(?:[A-Z_]+=\S* )*"
                     rf"(?:(?:{'|'.join(PROGRAMS)})\b(?![=.:/])|(?:\./|tests/|build/)\S*[\w.]\b)"
                     r"(?!,)")


def _block_lines(lines: list[str]) -> dict[int, str]:
    """The lines inside fences or indented by four behind an empty line, with the fence's language.
    """
    found: dict[int, str] = {}
    language = None
    for at, line in enumerate(lines):
        if line.lstrip().startswith("```"):
            found[at] = line.strip("` ") if language is None else language
            language = found[at] if language is None else None
        elif language is not None:
            found[at] = language
        elif line.startswith("    ") and at and (not lines[at - 1].strip() or at - 1 in found):
            found[at] = ""
    return found


def of(markdown: str, file: str = "README.md") -> list[Snippet]:
    """All code of a text."""
    lines = markdown.split("\n")
    blocks = _block_lines(lines)
    found = [Snippet(at + 1, lines[at].strip(), True, file, blocks[at]) for at in sorted(blocks)
             if "```" not in lines[at] and lines[at].strip()]
    prose = "\n".join("" if at in blocks else line for at, line in enumerate(lines))
    for match in re.finditer(r"`([^`]+)`", prose):
        line = prose.count("\n", 0, match.start()) + 1
        found.append(Snippet(line, " ".join(match.group(1).split()), False, file))
    return found


def commands(markdown: str, file: str = "README.md") -> list[Snippet]:
    """The shell commands in the blocks of a text, continued lines joined, explanations cut off. In
    a block that begins with a command each line is one."""
    found: list[Snippet] = []
    last, is_shell, continued = -1, False, False
    for piece in of(markdown, file):
        if not piece.is_block:
            break
        text = piece.text.removeprefix("$ ")
        if continued:
            found[-1] = replace(found[-1], text=f"{found[-1].text[:-1].rstrip()} {text}")
        else:
            begins = COMMAND.match(piece.text) is not None and piece.language in ("", "sh")
            is_shell = begins or (is_shell and piece.line == last + 1) or piece.language == "sh"
            if is_shell:
                found.append(replace(piece, text=re.split(r"   *|  *# ", text)[0]))
        continued = is_shell and text.endswith("\\")
        last = piece.line
    return found
