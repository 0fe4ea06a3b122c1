# SPDX-License-Identifier: Apache-2.0
"""Runs the commands of the documents: those that tests/checks/commands.py gives to this file."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from keeper import PATIENT_S, PROGRAM, ROOT, GatewayCase

sys.path.insert(0, str(ROOT / "tests/checks"))
import commands  # noqa: E402
import readme  # noqa: E402
import snippets  # noqa: E402
import source  # noqa: E402

HERE = "tests/e2e/test_commands.py"


def documented(begins: str) -> list[str]:
    """The commands of all documents that begin so and are ours to run."""
    found = []
    for piece in commands.all_of(ROOT):
        row = commands.row_of(piece.text)
        if row and row.by.removeprefix(commands.BY_HAND) == HERE and re.match(begins, piece.text):
            found.append(piece.text)
    if not found:
        raise AssertionError(f"no document has a command that begins with {begins}")
    return found


class CommandsOfConsumers(GatewayCase):
    settings = {"limit_rate": 0.0, "deals": 60}

    def run_line(self, line: str, **options) -> subprocess.CompletedProcess:
        """A command line of a document, with the names of this test."""
        line = line.removeprefix("sudo ")
        line = re.sub(r"\btokenkeeper(?= )", PROGRAM, line)
        line = line.replace("acme.bitrix24.com", self.b24.portal)
        line = line.replace("curl ", f"curl --cacert {self.b24.ca} ")
        return subprocess.run(["sh", "-c", line], env=self.k.env, capture_output=True, text=True,
                              timeout=PATIENT_S, check=False, **options)

    def test_each(self) -> None:
        self.k.provision()
        for line in documented(r"(sudo )?tokenkeeper (?!call |do |status)|printf "):
            with self.subTest(line):
                done = self.run_line(line, input="@1 version\n")
                self.assertEqual(done.returncode, 0, done.stderr)
                if "console" in line:
                    self.assertIn("@1 OK version=", done.stdout)
                elif "export" in line:
                    self.assertIn(f"set portal {self.b24.portal}", done.stdout)
                elif "curl" in line:
                    self.assertIn('"result"', done.stdout)
                elif "--json" in line:
                    self.assertGreaterEqual(json.loads(done.stdout)["expires_in"], 600)
                else:
                    self.assertRegex(done.stdout, r"^[0-9a-f]{70}\n$")

    def test_each_of_the_operator(self) -> None:
        (self.k.home / "gateway.txt").write_text("set scope crm\n")
        for line in documented(r"(sudo )?tokenkeeper (do|status)"):
            with self.subTest(line):
                done = self.run_line(line, cwd=self.k.home)
                if "status" in line:
                    self.assertEqual((done.returncode, done.stderr), (5, ""))
                    self.assertIn("next: set portal <name>", done.stdout)
                else:
                    self.assertEqual((done.returncode, done.stderr), (0, ""))
                    self.assertRegex(done.stdout, "OK|ok")

    def test_each_call(self) -> None:
        self.k.provision()
        (self.k.home / "lead.json").write_text('{"fields":{"TITLE":"x"}}')
        (self.k.home / "photo.b64").write_text("/9j/")
        for line in documented("tokenkeeper call "):
            if line.startswith("tokenkeeper call METHOD"):
                continue
            with self.subTest(line):
                done = self.run_line(line, cwd=self.k.home)
                if "uploadfile" in line:  # the simulated portal has no files
                    self.assertEqual(done.stderr,
                                     "tokenkeeper: ERROR_METHOD_NOT_FOUND: Method not found!\n")
                    continue
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertGreater(len(done.stdout), 1)


class CommandsOfTheConsole(GatewayCase):
    """Every console command that a document names is one that the console takes."""

    REFUSED = {"unknown_command", "usage", "unknown_key", "bad_value", "bad_prefix"}
    SAMPLES = {"<host>": "localhost", "<unix>": "1795000000", "<name>": "second", "<value>": "1",
               "<sha256>": "0123456789", "<hex>": "00" * 32, "<last 4 of the id>": "none",
               "<key>": "scope", "<base64>": "MIIB", "[min_valid]": "600"}

    def test_each(self) -> None:
        lines = {}
        facts = readme.gather(ROOT, source.output(PROGRAM, "--help"))
        for name in (name for name in facts.files if name.endswith(".md")):
            for piece in snippets.of(source.text(ROOT, name), name):
                line = self.typed(piece, facts)
                if line:
                    lines.setdefault(line, f"{name}:{piece.line}")
        self.assertGreater(len(lines), 40)
        for line, place in lines.items():
            with self.subTest(place + ": " + line):
                answer = self.k.command(line)
                self.assertNotIn(answer.code, self.REFUSED - self.incomplete(line), repr(answer))

    def typed(self, piece, facts) -> str:
        """What an operator types, or nothing; what would end this test is left out."""
        line = piece.text.removeprefix("tk> ")
        if piece.text == line and piece.language:
            return ""  # an answer in a session
        line = re.sub(r" *\(\d+ characters, hidden\)|   .*", "", line)
        for sample, value in self.SAMPLES.items():
            line = line.replace(sample, value)
        line = re.sub(r"(ca add (?:\w{4})*)\w{0,3}\.\.\.", r"\1", line)  # base64, whole groups
        line = re.sub(r"<[^>]*>", "00" * 32, line)
        known = any(f"{line} ".startswith(f"{name} ") for name in facts.commands)
        return line if known and line != "reboot" else ""

    def incomplete(self, line: str) -> set[str]:
        """What a mere name of a command is answered: it is there, and wants more."""
        words = line.split()
        return {"usage", "bad_value", "unknown_key"} if len(words) <= 2 else set()


class SlowCommandsOfDevelopers(unittest.TestCase):
    """They run what is built with gcc, whatever $TOKENKEEPER is."""

    def setUp(self) -> None:
        self.tree = Path(tempfile.mkdtemp(prefix="tk-tree-"))
        self.addCleanup(shutil.rmtree, self.tree)
        for entry in ROOT.iterdir():
            (self.tree / entry.name).symlink_to(entry)

    def run_line(self, line: str, **options) -> str:
        done = subprocess.run(["bash", "-c", line], cwd=self.tree, capture_output=True, text=True,
                              timeout=PATIENT_S, check=False, **options)
        self.assertEqual(done.returncode, 0, f"{line}: {done.stdout[-800:]}{done.stderr[-800:]}")
        return done.stdout

    def test_simulation(self) -> None:
        for line in documented(r"build/host/tests/simulation/simulation|python3 tests/simulation/plot"):
            with self.subTest(line):
                self.run_line(line)
        self.assertIn("</svg>", (self.tree / "fleet.svg").read_text())

    def test_ctest(self) -> None:
        for line in documented("ctest"):
            self.assertIn("100% tests passed", self.run_line(line))

    def test_names_that_can_be_run(self) -> None:
        known = set(self.run_line("tests/run.sh --list").split())
        for line in documented(r"tests/run\.sh [^-]"):
            self.assertEqual(set(line.split()[1:]) - known, set(), line)
        self.assertIn("tests/run.sh --list", documented("tests/run"))

    def test_packages_to_install(self) -> None:
        setup = (ROOT / "tests/setup.sh").read_text()
        needed = re.search(r"need_to_build\(\) \{\n +need (.*)\n", setup)[1]
        for line in documented("sudo apt install"):
            self.assertEqual(line.removeprefix("sudo apt install ").split(), needed.split())


class CommandsOfTheUnit(GatewayCase):

    def test_the_unit(self) -> None:
        unit = (ROOT / "boards/host/tokenkeeper.service").read_text()
        start = re.search(r"^ExecStart=(\S+) run (.*)$", unit.replace("\\\n", ""), re.M)
        group = re.search(r"--socket-group (\S+)", start[2])[1]
        lines = documented("sudo (install|systemd-sysusers|systemctl)")
        users = (ROOT / "boards/host/tokenkeeper.sysusers").read_text()
        self.assertRegex(users, rf"(?m)^u {group} ")
        self.assertIn("sudo install -D -m 644 boards/host/tokenkeeper.sysusers "
                      "/etc/sysusers.d/tokenkeeper.conf", lines)
        self.assertIn("sudo systemd-sysusers tokenkeeper.conf", lines)
        self.assertIn(f"sudo install build/host/tokenkeeper {Path(start[1]).parent}/", lines)
        self.assertIn("sudo systemctl enable --now tokenkeeper", lines)
        self.assertRegex(unit, r"(?m)^LoadCredential=tokenkeeper\.key$")
        self.assertIn("sudo install -D -m 600 /etc/tokenkeeper/new.key "
                      "/etc/credstore/tokenkeeper.key", lines)
        copied = next(line.split()[-2] for line in lines if line.endswith("/system/"))
        self.assertEqual((ROOT / copied).name, "tokenkeeper.service")
        options = start[2].split()
        self.documented_paths(unit, dict(zip(options[::2], options[1::2])))
        if os.geteuid() == 0:
            k = self.keeper(console="none", options=("--socket-group", "root"))
            k.wait_for(lambda: k.get().returncode == 5)

    def documented_paths(self, unit: str, options: dict[str, str]) -> None:
        """The unit's own directories, and what README says of them."""
        readme = (ROOT / "README.md").read_text()
        for option, root, setting in (("--flash", "/var/lib", "StateDirectory"),
                                      ("--socket", "/run", "RuntimeDirectory")):
            name = re.search(rf"^{setting}=(\S+)$", unit, re.M)[1]
            self.assertEqual(str(Path(options[option]).parent), f"{root}/{name}")
            self.assertIn(f"`{options[option]}`", readme)


class CommandsOfBitrix24(unittest.TestCase):
    """tests/bitrix24/README.md: the server is started, and asked as the document shows."""

    DOCUMENT = ROOT / "tests/bitrix24/README.md"

    def test_with_curl(self) -> None:
        server, = documented("python3 tests/bitrix24/bitrix24.py")
        process = subprocess.Popen([sys.executable, *server.replace("8024", "0").split()[1:]],
                                   cwd=ROOT, stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.wait)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.terminate)
        ready = json.loads(process.stdout.readline())
        env = {"PATH": os.environ["PATH"], "CA": ready["ca"], "OAUTH": ready["oauth"],
               "PORTAL": ready["portal"], "ID": ready["client_id"], "SECRET": ready["client_secret"]}
        control = ready["control"].removeprefix("http://").rstrip("/")
        results = []
        for line in documented("curl "):
            done = subprocess.run(["sh", "-c", line.replace("localhost:8024", control)], env=env,
                                  capture_output=True, text=True, timeout=PATIENT_S, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
            answer = json.loads(done.stdout)
            results.append(answer.get("result"))
            env |= {"CODE": answer.get("code", ""), "ACCESS_TOKEN": answer.get("access_token", "")}
        self.assertIn("Test", [result["NAME"] for result in results if result])

    def test_with_python(self) -> None:
        text = self.DOCUMENT.read_text()
        block = re.search(r"(?:^    .*\n|^\n)*^    from bitrix24 import.*\n(?:^    .*\n|^\n)*", text,
                          re.M)[0]
        code = re.sub(r"^    ", "", block, flags=re.M)
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                              timeout=PATIENT_S, check=False,
                              env=os.environ | {"PYTHONPATH": str(ROOT / "tests/bitrix24")})
        self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    unittest.main()
