# SPDX-License-Identifier: Apache-2.0
"""The device id, and a flash file that was copied to another device."""

import shutil

from keeper import GatewayCase


class CopiedFlash(GatewayCase):
    def start_as(self, keeper, device_id: str) -> None:
        keeper.kill()
        keeper.command_line += ["--device-id", device_id]
        keeper.start()

    def test_the_copy_serves_and_sends_nothing_and_keeps_settings(self) -> None:
        self.start_as(self.k, "gw-0001")
        self.k.provision()
        copy = self.keeper(start=False)
        shutil.copy(self.k.flash, copy.flash)
        copy.command_line += ["--device-id", "gw-0002"]
        sent = len(self.requests("refresh"))
        copy.start()
        status = copy.wait_status(state="needs_code", reason="other_device", escalation="4")
        self.assertIn("auth begin", status["action"])
        self.assertEqual(status["portal"], self.k.status()["portal"])
        self.assertEqual(copy.get().returncode, 5)
        self.k.kill()
        self.assert_error(copy.command("auth refresh"), "needs_code")
        self.assertEqual(len(self.requests("refresh")), sent)
        self.k.start()
        copy.must(f"auth code {copy.redirect()}")
        self.assertEqual(copy.get().returncode, 0)
        self.assertEqual(self.k.get().returncode, 0)

    def test_an_id_that_is_none_is_refused(self) -> None:
        for device_id in ("abc", "with space", "x" * 33):
            done = self.k.run("run", "--device-id", device_id)
            self.assertEqual(done.returncode, 2)
            self.assertIn("--device-id takes", done.stderr)


class ForeignFlash(GatewayCase):
    def test_a_file_of_something_else_is_refused_and_kept(self) -> None:
        self.k.kill()
        content = b"not a flash file" * (self.k.flash.stat().st_size // 16)
        self.k.flash.write_bytes(content)
        done = self.k.run(*self.k.command_line[1:])
        self.assertEqual(done.returncode, 2)
        self.assertIn("storage_foreign: not a flash file of this version; nothing was written",
                      done.stderr)
        self.assertEqual(self.k.flash.read_bytes(), content)
