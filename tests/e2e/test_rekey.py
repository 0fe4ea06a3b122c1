# SPDX-License-Identifier: Apache-2.0
"""Another key for the flash: tokenkeeper rekey, ended at each of its writes."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
import unittest
from pathlib import Path

import preload
from keeper import PROGRAM, ROOT, GatewayCase

BLANK = b"\xff"
PIECE = 32  # bytes of sealed content that two files never share by accident
SOME_WRITES = 7  # where not each one is tried, one in so many


class Rekeyed(GatewayCase):
    """A gateway with everything that its flash can hold, stopped."""

    sealed = True

    def setUp(self) -> None:
        super().setUp()
        self.k.kill()
        self.k.flash.unlink()  # it was created without a key
        self.plain = list(self.k.command_line)
        self.old_key = self.key_file("old.key", b"the key that others have seen....")
        self.new_key = self.key_file("new.key", b"the key that takes its place....")
        self.had = ["--key", str(self.old_key)] if self.sealed else []
        self.start(*self.had)
        self.fill()
        self.kept = self.held()
        self.assertEqual(self.k.end(), 0)
        self.old = self.k.flash.read_bytes()

    def key_file(self, name: str, content: bytes) -> Path:
        path = self.k.home / name
        path.write_bytes(content)
        path.chmod(0o600)
        return path

    def start(self, *key: str) -> None:
        self.k.command_line = self.plain + list(key)
        self.k.start()

    def fill(self) -> None:
        self.k.provision()
        self.k.must("set renew 25m")
        self.k.must('set escalate_template {"level":"{level}","secret":"of this template"}')
        self.k.must("ca add begin")
        for line in Path(self.b24.ca).read_text().split("-----")[2].split():
            self.k.must(f"ca add {line}")
        self.k.must("ca add end")
        self.k.must("set console_pin 471100")

    def held(self) -> dict:
        status = self.k.status()
        return {"show": self.k.must("show").values, "ca": self.k.must("ca list").lines,
                "history": [line for line in self.k.must("history").lines
                            if "event=started" not in line][:3],
                "state": status["state"], "generation": status["generation"],
                "token": self.k.get().stdout}

    # --- rekey ---

    def rekey(self, *options: str, **env: str) -> subprocess.CompletedProcess:
        if env:
            env = preload.environment("cuts", **env)
        return self.k.run("rekey", "--flash", str(self.k.flash),
                          *(options or (*self.had, "--new-key", str(self.new_key))),
                          env=self.k.env | env)

    def must_rekey(self) -> bytes:
        done = self.rekey()
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return self.k.flash.read_bytes()

    def left_over(self) -> list[str]:
        return sorted(path.name for path in self.k.home.glob("flash.bin?*"))

    def restore(self) -> None:
        for name in ("flash.bin", *self.left_over()):
            (self.k.home / name).unlink(missing_ok=True)
        self.k.flash.write_bytes(self.old)
        self.k.flash.chmod(0o600)

    def calls(self) -> list[str]:
        """The calls of a run that is not ended."""
        self.restore()
        calls = self.k.home / "calls"
        self.assertEqual(self.rekey(TK_CALLS=str(calls)).returncode, 0)
        return calls.read_text().splitlines()

    def assert_nothing_of_the_old_one(self, new: bytes) -> None:
        """Neither in the file nor beside it."""
        self.assertEqual(self.left_over(), [])
        known = {self.old[i:i + PIECE] for i in range(0, len(self.old), PIECE)}
        known -= {BLANK * PIECE}
        self.assertGreater(len(known), 20)
        for i in range(len(new) - PIECE):
            if new[i] != 0xff:
                self.assertNotIn(new[i:i + PIECE], known)

    def assert_in_use(self) -> None:
        """The service has everything with the new key, and nothing without it."""
        self.start("--key", str(self.new_key))
        self.assertEqual(self.held(), self.kept)
        self.assertEqual(self.k.status()["store"], "ok")
        self.assertEqual(self.k.end(), 0)
        for key in (["--key", str(self.old_key)], []):
            self.start(*key)
            self.k.wait_status(state="blocked", reason="storage_sealed", store="storage_sealed")
            self.k.end()

    def end_at_each(self, how: str, status: int, every: int) -> None:
        calls = self.calls()
        new = self.k.flash.read_bytes()
        self.assertNotEqual(new, self.old)
        self.assertGreater(calls.count("pwrite"), 20)
        last = len(calls) - calls[::-1].index("unlink")
        for at, call in enumerate(calls, 1):
            if at % {"pwrite": every, "erase": SOME_WRITES}.get(call, 1):
                continue
            with self.subTest(call=f"{at} {call}"):
                self.restore()
                done = self.rekey(**{how: str(at)})
                self.assertEqual(done.returncode, status, done.stderr)
                self.assertIn(self.k.flash.read_bytes(), (self.old, new))
                if at == last:
                    self.assertEqual((self.k.home / "flash.bin.rekey-old").read_bytes(),
                                     BLANK * len(self.old))
                self.assertEqual(self.rekey().returncode, 0)
                self.assertEqual(self.k.flash.read_bytes(), new)
                self.assertEqual(self.left_over(), [])


class SlowRekey(Rekeyed):

    def test_another_key(self) -> None:
        new = self.must_rekey()
        self.assert_nothing_of_the_old_one(new)
        self.assert_in_use()

    def test_a_cut_at_each_call(self) -> None:
        self.end_at_each("TK_CUT_AT", -9, 1)

    def test_a_failure_of_each_call(self) -> None:
        self.end_at_each("TK_FAIL_AT", 70, SOME_WRITES)

    def test_a_cut_then_the_service(self) -> None:
        """Between a cut and the same command the service may run, with the key that fits."""
        calls = self.calls()
        for call, key in (("rename", self.old_key), ("unlink", self.new_key)):
            with self.subTest(call):
                self.restore()
                at = len(calls) - calls[::-1].index(call)
                self.assertEqual(self.rekey(TK_CUT_AT=str(at)).returncode, -9)
                self.start("--key", str(key))
                self.assertEqual(self.held(), self.kept)
                self.k.end()
                self.must_rekey()
                self.assertEqual(self.left_over(), [])
                self.assert_in_use()

    def test_once_more(self) -> None:
        new = self.must_rekey()
        done = self.rekey()
        self.assertEqual((done.returncode, done.stdout), (0, "seal=aes-128-gcm already=yes\n"))
        self.assertEqual(self.k.flash.read_bytes(), new)

    def test_a_service_is_running(self) -> None:
        self.start(*self.had)
        done = self.rekey()
        self.assertEqual(done.returncode, 75)
        self.assertIn("flash_busy", done.stderr)
        self.assertEqual(self.held(), self.kept)
        self.assertEqual(self.left_over(), [])

    def assert_refused(self, error: str, *options: str) -> None:
        before = self.k.flash.read_bytes() if self.k.flash.exists() else None
        done = self.rekey(*options)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn(error, done.stderr)
        self.assertEqual(self.left_over(), [])
        if before is None:
            self.assertFalse(self.k.flash.exists())
        else:
            self.assertEqual(self.k.flash.read_bytes(), before)

    @staticmethod
    def other_shape() -> bytes:
        """A sealed store of 3 sectors of 2048 bytes, in a file of an earlier version."""
        text = (ROOT / "tests/unit/store/images/2_sealed_3x2048_32.txt").read_text("ascii")
        content = bytearray(BLANK * 131072)
        for at, row in re.findall(r"^([0-9a-f]{5}) ([0-9a-f]+)$", text, re.MULTILINE):
            content[int(at, 16):int(at, 16) + len(row) // 2] = bytes.fromhex(row)
        return bytes(content)

    def test_what_is_refused(self) -> None:
        old, new = str(self.old_key), str(self.new_key)
        third = str(self.key_file("third.key", b"a key that is neither of the two"))
        same = str(self.key_file("same.key", self.old_key.read_bytes()))
        open_to_all = self.key_file("open.key", b"a key that all users may read...")
        open_to_all.chmod(0o644)
        self.assert_refused("storage_sealed", "--key", third, "--new-key", new)
        self.assert_refused("storage_sealed", "--new-key", new)
        self.assert_refused("same_key", "--key", old, "--new-key", same)
        self.assert_refused("--new-key", "--key", old)
        self.assert_refused(str(open_to_all), "--key", old, "--new-key", str(open_to_all))
        self.assert_refused("/nonexistent", "--key", "/nonexistent", "--new-key", new)
        self.k.flash.chmod(0o640)
        self.assert_refused("chmod 600", "--key", old, "--new-key", new)
        self.k.flash.chmod(0o600)
        for error, content in (("not a flash file", self.old[:-1]),
                               ("storage_foreign", b"\0" * len(self.old)),
                               ("storage_shape", self.other_shape())):
            self.k.flash.write_bytes(content)
            self.assert_refused(error, "--key", old, "--new-key", new)
        self.k.flash.unlink()
        self.assert_refused("no flash file", "--key", old, "--new-key", new)

    def test_what_is_left_over_is_replaced(self) -> None:
        """It may be anything, also a link."""
        left = self.k.home / "flash.bin.rekey-new"
        left.symlink_to(self.old_key)
        key = self.old_key.read_bytes()
        self.must_rekey()
        self.assertEqual(self.left_over(), [])
        self.assertEqual(self.old_key.read_bytes(), key)
        self.assert_in_use()

    def test_as_the_document_says(self) -> None:
        folder, state = self.k.home, f"--flash {self.k.flash}"
        text = (ROOT / "boards/host/OPERATIONS.md").read_text()
        block = re.search(r"^(# install .*?)```", text, re.M | re.S)[1]
        self.new_key.unlink()
        for line in block.splitlines():
            if not line.startswith("# ") or "systemctl" in line:
                continue
            for name, key in (("/etc/tokenkeeper/old.key", self.old_key),
                              ("/etc/tokenkeeper/new.key", self.new_key),
                              ("tokenkeeper rekey", f"{PROGRAM} rekey {state}")):
                line = line.replace(name, str(key))
            done = subprocess.run(line.removeprefix("# "), shell=True, cwd=folder, check=True,
                                  env=self.k.env, capture_output=True, text=True)
        self.assertRegex(block, r"(?m)^seal=aes-128-gcm values=\d+$")
        self.assertRegex(done.stdout, r"^seal=aes-128-gcm values=\d+$")
        self.assertEqual(len(self.new_key.read_bytes()), 32)  # of /dev/urandom
        self.assert_in_use()

    def test_what_a_link_names_is_replaced(self) -> None:
        real = self.k.home / "real.bin"
        self.k.flash.rename(real)
        self.k.flash.symlink_to(real)
        self.must_rekey()
        self.assertTrue(self.k.flash.is_symlink())
        self.assertEqual([path.name for path in self.k.home.glob("real.bin*")], ["real.bin"])
        self.assert_in_use()

    @unittest.skipUnless(os.geteuid() == 0, "needs root to own a file as another user")
    def test_the_file_stays_its_owners(self) -> None:
        other = pwd.getpwnam("nobody")
        shutil.chown(self.k.home, other.pw_uid, other.pw_gid)
        shutil.chown(self.k.flash, other.pw_uid, other.pw_gid)
        self.must_rekey()
        st = self.k.flash.stat()
        self.assertEqual((st.st_uid, st.st_gid, st.st_mode & 0o7777),
                         (other.pw_uid, other.pw_gid, 0o600))


class SealLater(Rekeyed):
    """An unsealed flash is sealed by the same command."""

    sealed = False

    def assert_no_secret(self, content: bytes) -> None:
        for secret in (self.b24.client_secret, self.kept["token"].strip(), self.b24.portal,
                       "of this template"):
            self.assertIn(secret.encode(), self.old)
            self.assertNotIn(secret.encode(), content)

    def test_it_is_sealed(self) -> None:
        new = self.must_rekey()
        self.assert_no_secret(new)
        self.assert_nothing_of_the_old_one(new)
        self.assert_in_use()

    def test_a_cut(self) -> None:
        self.end_at_each("TK_CUT_AT", -9, SOME_WRITES)

    def test_a_key_where_there_is_none(self) -> None:
        done = self.rekey("--key", str(self.old_key), "--new-key", str(self.new_key))
        self.assertEqual(done.returncode, 2)
        self.assertIn("storage_unsealed", done.stderr)
        self.assertEqual(self.k.flash.read_bytes(), self.old)


if __name__ == "__main__":
    unittest.main()
