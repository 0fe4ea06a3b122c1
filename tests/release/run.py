# SPDX-License-Identifier: Apache-2.0
"""What a release is made of: the same bytes from any folder, and a bill of materials that names
what is compiled in."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD_UNIX = "1795000000"
REQUIRED = {"SPDXID", "name", "downloadLocation", "licenseConcluded", "copyrightText"}


def build(folder: Path) -> Path:
    """A copy of the tree, built in the folder."""
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True,
                           check=True).stdout.split("\0")
    for name in filter(None, files):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    env = os.environ | {"SOURCE_DATE_EPOCH": BUILD_UNIX}
    for command in (["cmake", "--preset", "host", "-DTK_TESTS=OFF"],
                    ["cmake", "--build", "--preset", "host", "--target", "tokenkeeper"]):
        done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True,
                              check=False)
        if done.returncode != 0:
            raise AssertionError(done.stdout[-2000:] + done.stderr[-2000:])
    return folder / "build/host"


class Release(unittest.TestCase):

    @classmethod
    def setUpClass(cls) -> None:
        home = Path(tempfile.mkdtemp(prefix="tk-"))
        cls.addClassCleanup(shutil.rmtree, home)
        cls.folders = [home / "a", home / "another folder" / "with a longer name"]
        cls.built = [build(folder) for folder in cls.folders]

    def test_the_same_bytes_in_any_folder(self) -> None:
        one, other = ((folder / "tokenkeeper").read_bytes() for folder in self.built)
        self.assertEqual(one, other)
        for folder in self.folders:
            self.assertNotIn(str(folder).encode(), one)

    def test_bill_of_materials(self) -> None:
        one, other = ((folder / "tokenkeeper.spdx.json").read_text() for folder in self.built)
        self.assertEqual(one, other)
        document = json.loads(one)
        self.assertEqual(document["spdxVersion"], "SPDX-2.3")
        self.assertEqual(document["creationInfo"]["created"], "2026-11-18T11:06:40Z")
        packages = {package["name"]: package for package in document["packages"]}
        self.assertEqual(set(packages), {"tokenkeeper", "mbedtls", "jsmn"})
        for package in packages.values():
            self.assertLessEqual(REQUIRED, set(package))
        version = re.search(r'"(.+)"', (ROOT / "core/base/tk_version.h").read_text())[1]
        self.assertEqual(packages["tokenkeeper"]["versionInfo"], version)
        self.assertRegex(packages["mbedtls"]["versionInfo"], r"^3\.6\.\d+$")


if __name__ == "__main__":
    unittest.main(verbosity=2, argv=sys.argv)
