# SPDX-License-Identifier: Apache-2.0
"""The example of boards/host/lib/README.md: the official SDK with tokens of tokenkeeper. Node and
the package are not part of this repository: $B24JSSDK names a folder below which node_modules
has it."""

import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from keeper import PATIENT_S, PROGRAM, GatewayCase

SDK = os.environ.get("B24JSSDK", "")
README = Path(__file__).resolve().parents[2] / "boards/host/lib/README.md"
CALLS = """
const calls = (title) => Promise.all(Array.from({ length: 10 }, (_, at) =>
  b24.actions.v2.call.make({ method: "crm.lead.add", params: { fields: { TITLE: title + at } } })));
b24.offClientSideWarning();
const before = await calls("before ");
console.log(JSON.stringify(before.map((one) => one.isSuccess)));
await new Promise((go) => process.stdin.once("data", go));
const after = await calls("after ");
console.log(JSON.stringify(after.map((one) => one.isSuccess)));
process.exit(0);
"""


def example() -> str:
    """The block of JavaScript."""
    return re.search(r"```js\n(.*?)```", README.read_text(), re.DOTALL)[1]


@unittest.skipUnless(SDK and shutil.which("node"), "B24JSSDK names no folder with the package")
class Sdk(GatewayCase):

    def start(self) -> subprocess.Popen:
        """The example, with calls behind it; the package is found above the script."""
        place = Path(tempfile.mkdtemp(prefix="sdk-"))
        self.addCleanup(shutil.rmtree, place)
        (place / "node_modules").symlink_to(Path(SDK).resolve() / "node_modules")
        (place / "example.mjs").write_text(example() + CALLS)
        (place / "tokenkeeper").symlink_to(PROGRAM)
        process = subprocess.Popen(
            ["node", "example.mjs"], cwd=place, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True, env={**os.environ, "PATH": f"{place}:{os.environ['PATH']}",
                            "TOKENKEEPER_SOCKET": str(self.k.socket),
                            "NODE_EXTRA_CA_CERTS": self.b24.ca})
        self.addCleanup(process.stdout.close)
        return process

    def test_ten_401s_at_once_are_one_refresh(self) -> None:
        self.k.provision()
        process = self.start()
        self.assertEqual(json.loads(process.stdout.readline()), [True] * 10)
        self.assertEqual(self.requests("refresh"), [])
        self.b24.expire()
        process.stdin.write("go\n")
        process.stdin.close()
        self.assertEqual(json.loads(process.stdout.readline()), [True] * 10)
        self.assertEqual(process.wait(PATIENT_S), 0)
        self.assertEqual(len(self.requests("refresh")), 1)
        refused = [entry for entry in self.b24.calls() if entry["outcome"] == "expired_token"]
        self.assertEqual(len(refused), 10)
        self.assertEqual(self.b24.state()["counters"]["executed.crm.lead.add"], 20)
