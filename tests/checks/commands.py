# SPDX-License-Identifier: Apache-2.0
"""Every shell command in a code block of a document is run by a test.

COVERED lists them: a pattern, the file that runs it, and a text of that file which proves that it
does. tests/e2e/test_commands.py runs those that name it from the documents themselves. Console
commands (`tk> ...`, `set ...`) need no entry: that test types all of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import snippets
import source

E2E = "tests/e2e/test_commands.py"
SUITE = "tests/run.sh"
BOARDS = "tests/boards/run.py"
FROM_NOTHING = "tests/boards/test_by_hand.py"
GUIDE = "tests/porting/run.py"
BOARD = r"(lm3s6965evb|emcraft-sf2|qemu-rv32)"
# What needs a kit on the desk or a machine with systemd; the file behind it is tested as far as it
# goes.
BY_HAND = "by hand: "


# Documents whose examples, in any language, a test runs as they stand there.
EXAMPLES = {"boards/host/PROTOCOL.md": "tests/e2e/test_protocol.py",
            "core/console/PROTOCOL.md": "tests/e2e/test_exact_form.py",
            "core/README.md": "tests/unit/keeper/CMakeLists.txt"}


@dataclass(frozen=True)
class Row:
    """Which command is run by which file; proof is a text in that file."""

    command: str  # a pattern for all of it
    by: str
    proof: str


COVERED = [
    Row(r"cmake --preset host -DTK_TESTS=ON", SUITE, "cmake --preset host -DTK_TESTS=ON"),
    Row(r"cmake --preset host -DTK_TESTS=OFF", "tests/demo.sh", "cmake --preset host -DTK_TESTS=OFF"),
    Row(r"cmake --build --preset host", SUITE, "cmake --build --preset host"),
    Row(r"tests/demo\.sh", SUITE, "tests/demo.py build/host/tokenkeeper"),
    Row(r"tests/run\.sh", SUITE, "'') everything ;;"),
    Row(r"tests/run\.sh --quick", SUITE, "--quick) quick ;;"),
    Row(r"tests/run\.sh --list", E2E, "tests/run.sh"),
    Row(r"tests/run\.sh( [\w.-]+)+", E2E, "test_names_that_can_be_run"),
    Row(r"ctest --preset host -R \w+ --output-on-failure", E2E, "ctest"),
    Row(r"python3 tests/e2e/run\.py( \w+)*", SUITE, "python3 tests/e2e/run.py"),
    Row(r"python3 boards/host/web/serve\.py", "tests/web/test_serve.py", "serve.__file__"),
    Row(r"python3 tests/web/run\.py( -j2)?( [\w.]+)*", SUITE, "python3 tests/web/run.py"),
    Row(r"cd tests/web && python3 -m unittest pictures", BY_HAND + "tests/web/pictures.py", "build/web"),
    Row(r"python3 tests/web/picture\.py --write", BY_HAND + "tests/web/picture.py", "page.svg"),
    Row(r"python3 tests/web/chooser\.py", BY_HAND + "tests/web/chooser.py", "Xvfb"),
    Row(r"python3 tests/servers/run\.py -j2", SUITE, "python3 tests/servers/run.py"),
    Row(r"python3 tests/boards/run\.py( --board \S+)?( \w+)*", SUITE, "python3 tests/boards/run.py"),
    Row(r"python3 tests/checks/run\.py", SUITE, "python3 tests/checks/run.py"),
    Row(r"tests/bench\.sh( --write)?", SUITE, "tests/bench.sh --check"),
    Row(r"tests/bench\.sh --check", SUITE, "tests/bench.sh --check"),
    Row(r"sudo apt install .*", E2E, "test_packages_to_install"),
    Row(r"sudo (install|systemctl|systemd-sysusers) .*", BY_HAND + E2E, "test_the_unit"),
    Row(r"tokenkeeper do --serial /dev/ttyUSB0 'set client_secret' check", "tests/e2e/test_do.py",
        "test_a_secret_is_asked_without_echo"),
    Row(r"tokenkeeper provision.*", "tests/e2e/test_provision_command.py", "--secret-file"),
    Row(r"(sudo )?tokenkeeper .*", E2E, "tokenkeeper"),
    Row(r"printf 'auth=%s' .*", E2E, "curl"),
    Row(rf"cmake --preset {BOARD}( && cmake --build --preset {BOARD})?", BOARDS, '"--preset"'),
    Row(rf"cmake --preset {BOARD} -B build/emulated -DTK_ROOTS=\S+ && cmake --build build/emulated",
        BOARDS, '"-B", str(folder), f"-DTK_ROOTS'),
    Row(r"python3 tests/bitrix24/bitrix24\.py --for-qemu build/bitrix24", FROM_NOTHING, "commands"),
    Row(r"(TK_SERIAL=|\{ echo |build/host/tokenkeeper do --serial build/tty |xargs curl ).*",
        FROM_NOTHING, "commands"),
    Row(rf"cmake --build --preset {BOARD}", BOARDS, '"--build"'),
    Row(rf"cmake --build --preset {BOARD} --target emulate", "tests/boards/test_emulate.py",
        "--target emulate"),
    Row(rf"cmake --build --preset {BOARD} --target flash", BY_HAND + "boards/lm3s6965evb/board.cmake",
        "openocd"),
    Row(r"cmake --build --preset lm3s6965evb --target sensor", "tests/boards/test_sensor.py",
        '"--target", "sensor"'),
    Row(r"cp -r (port|boards)/template (port|boards)/myboard", GUIDE, "README.md"),
    Row(r"mkdir -p build/own && python3 core/words\.py .*", GUIDE, "README.md"),
    Row(r"cmake --preset template -DTK_BOARD=myboard -B build/myboard", GUIDE, "README.md"),
    Row(r"cmake --build build/myboard", GUIDE, "README.md"),
    Row(r"python3 tests/bitrix24/bitrix24\.py --control-port \d+", E2E, "bitrix24.py"),
    Row(r"(npm install --prefix DIR|B24JSSDK=DIR python3 tests/e2e/run\.py) .*",
        BY_HAND + "tests/e2e/test_sdk.py", "B24JSSDK"),
    Row(r"B24JSSDK=DIR python3 -m unittest .*", BY_HAND + "tests/bitrix24/test_judge.py", "B24JSSDK"),
    Row(r"curl -s .*(8024|\$CA).*", E2E, "curl"),
    Row(r"build/host/tests/simulation/simulation", "tests/simulation/CMakeLists.txt",
        "add_test(NAME simulation "),
    Row(r"build/host/tests/simulation/simulation_bugs", "tests/simulation/CMakeLists.txt",
        "add_test(NAME simulation_bugs "),
    Row(r"build/host/tests/simulation/simulation --.*", E2E, "simulation"),
    Row(r"python3 tests/simulation/plot_fleet\.py .*", E2E, "tests/simulation/plot"),
    Row(r"tests/simulation/soak\.sh \[SECONDS \[SEED\]\]", SUITE, "tests/simulation/soak.sh 2 1"),
    Row(r"tests/fuzz/fuzz\.sh \[SECONDS \[TARGET\.\.\.\]\]", SUITE, "tests/fuzz/fuzz.sh 2"),
    Row(r"tests/fuzz/fuzz\.sh --soak HOURS \[TARGET\.\.\.\]", SUITE, "tests/fuzz/fuzz.sh --soak 0"),
    Row(r"cmake --preset host-coverage .*", SUITE, "cmake --build --preset host-coverage"),
    Row(r"python3 tests/coverage/run\.py build/host-coverage( --counted \w+)?", SUITE,
        "python3 tests/coverage/run.py build/host-coverage"),
    Row(r"python3 tests/mutation/run\.py build/host( tk_\w+\.c)?( --seconds 2)?( --seed N)?", SUITE,
        "python3 tests/mutation/run.py build/host --seconds 2"),
    Row(r"tests/fuzz/fuzz\.sh --report", SUITE, "tests/fuzz/fuzz.sh --report"),
    Row(r"ctest --preset host -R store_proof", SUITE, "ctest --preset host"),
    Row(r"tests/store/soak\.sh", SUITE, "tests/store/soak.sh 2 1"),
    Row(r"ctest --preset host(-clang|-asan)? -R pubkey_", SUITE, "ctest --preset host-asan"),
    Row(r"tests/pubkey/soak\.sh \[SECONDS \[SEED\]\]", SUITE, "tests/pubkey/soak.sh 2 1"),
    Row(r"python3 tests/pubkey/mutants\.py build/host", SUITE, "tests/pubkey/mutants.py build/host"),
    Row(r"python3 tests/pubkey/figures\.py build/host --write", SUITE,
        "tests/pubkey/figures.py build/host --check"),
    Row(r"python3 tests/pubkey/cortex_m3\.py \[--scalars N\]", "tests/pubkey/CMakeLists.txt",
        "--scalars 16"),
    Row(r"python3 tests/pubkey/vectors\.py (--check )?FOLDER", BY_HAND + "tests/pubkey/vectors.py",
        "_test.json"),
]


def row_of(command: str) -> Row | None:
    """The first row that fits a command."""
    return next((row for row in COVERED if re.fullmatch(row.command, command)), None)


def _is_run_whole(name: str, text: str) -> bool:
    """Whether a test runs the blocks of a document: tests/lift/run.py those of one that names files
    to copy, and EXAMPLES."""
    return name in EXAMPLES or bool(re.search(r"^```files$", text, re.MULTILINE))


def _without_run(name: str, text: str) -> str:
    """A document without the ```sh blocks that a test runs whole."""
    if not _is_run_whole(name, text):
        return text
    return re.sub(r"^```sh\n.*?^```$", lambda match: "\n" * match.group().count("\n"), text,
                  flags=re.MULTILINE | re.DOTALL)


def all_of(tree: Path) -> list[snippets.Snippet]:
    """The shell commands of all documents."""
    return [piece for name in source.tracked(tree) if name.endswith(".md")
            for piece in snippets.commands(_without_run(name, source.text(tree, name)), name)]


def _row_problems(tree: Path, used: set[str]) -> list[str]:
    """Rows that prove nothing, or that no document needs."""
    found = []
    for row in COVERED:
        name = row.by.removeprefix(BY_HAND)
        if not (tree / name).is_file() or row.proof not in source.text(tree, name):
            found.append(f"tests/checks/commands.py:1: {name} does not run {row.command}")
        if row.command not in used:
            found.append(f"tests/checks/commands.py:1: no document has {row.command}")
    found += [f"tests/checks/commands.py:1: {by} does not run {name}" for name, by in EXAMPLES.items()
              if not (tree / by).is_file() or name not in source.text(tree, by)]
    return found


def _example_problems(tree: Path) -> list[str]:
    """C in a document that is in no file, and is not run as it stands; what stands behind "Before:"
    is meant to be gone."""
    c = {re.sub(r"\s+", " ", source.text(tree, name)) for name in source.c_files(tree)}
    found = []
    for name in (name for name in source.tracked(tree) if name.endswith(".md")):
        text = source.text(tree, name)
        if _is_run_whole(name, text):
            continue
        for block in re.finditer(r"^([^\n]*)\n\n```c\n(.*?)```", text, re.MULTILINE | re.DOTALL):
            code = re.sub(r"\s+", " ", block[2]).strip()
            if not block[1].endswith("Before:") and not any(code in one for one in c):
                line = text.count("\n", 0, block.start(2)) + 1
                found.append(f"{name}:{line}: no file has this code")
    return found


def problems(tree: Path) -> list[str]:
    """Commands that no test runs, and rows that are stale."""
    found = []
    used = set()
    for piece in all_of(tree):
        row = row_of(piece.text)
        if row is None:
            found.append(f"{piece.file}:{piece.line}: no test runs {piece.text}: see "
                         "tests/checks/commands.py")
        else:
            used.add(row.command)
    return found + _row_problems(tree, used) + _example_problems(tree)
