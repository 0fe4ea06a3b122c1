# SPDX-License-Identifier: Apache-2.0
"""Flash sealed with a device key: run --key FILE."""

import os

from keeper import GatewayCase


class Sealed(GatewayCase):
    def setUp(self) -> None:
        super().setUp()
        self.key = self.key_file("key", b"thirty-two bytes of a device key")

    def key_file(self, name: str, content: bytes, mode: int = 0o600):
        path = self.k.home / name
        path.write_bytes(content)
        path.chmod(mode)
        return path

    def restart(self, *key: str) -> None:
        self.k.kill()
        self.k.command_line = self.plain + list(key)
        self.k.start()

    def begin(self) -> None:
        self.plain = list(self.k.command_line)
        self.k.kill()
        self.k.flash.unlink() # it was created without a key
        self.restart("--key", str(self.key))
        self.k.provision()

    def test_no_secret_is_readable_in_flash(self) -> None:
        self.begin()
        self.assertEqual(self.k.must("version")["seal"], "aes-128-gcm")
        token = self.k.get().stdout.strip().encode()
        flash = self.k.flash.read_bytes()
        for secret in (token, self.b24.client_secret.encode(), self.b24.client_id.encode()):
            self.assertNotIn(secret, flash)
        self.restart("--key", str(self.key))
        self.k.wait_status(state="ready", generation="1", store="ok")

    def test_without_a_key_secrets_are_readable(self) -> None:
        self.k.provision()
        self.assertEqual(self.k.must("version")["seal"], "none")
        self.assertIn(self.k.get().stdout.strip().encode(), self.k.flash.read_bytes())

    def test_the_key_may_be_a_credential_of_systemd(self) -> None:
        self.begin()
        folder = self.k.home / "credentials"
        folder.mkdir()
        self.k.env["CREDENTIALS_DIRECTORY"] = str(folder)
        self.restart()  # the service manager has none for it
        self.k.wait_status(state="blocked", reason="storage_sealed")
        (folder / "tokenkeeper.key").write_bytes(self.key.read_bytes())
        (folder / "tokenkeeper.key").chmod(0o440)  # with an ACL the mask stands there
        self.restart()
        self.k.wait_status(state="ready", generation="1", store="ok")
        (folder / "tokenkeeper.key").write_bytes(b"short")
        self.k.kill()
        self.k.start(hello=False)
        self.assertEqual(self.k.wait_end(), 2)
        (folder / "tokenkeeper.key").unlink()
        (folder / "tokenkeeper.key").symlink_to("missing")  # nothing is written in plaintext for it
        self.k.start(hello=False)
        self.assertEqual(self.k.wait_end(), 2)

    def test_a_wrong_key_or_none_leaves_flash_unchanged(self) -> None:
        self.begin()
        other = self.key_file("other", b"another key of another device, 32")
        kept = self.k.flash.read_bytes()
        for key in ([], ["--key", str(other)]):
            with self.subTest(key=key):
                self.restart(*key)
                self.k.wait_status(state="blocked", reason="storage_sealed", store="storage_sealed")
                refused = self.k.get()
                self.assertEqual(refused.returncode, 5)
                self.assertIn("storage_sealed", refused.stderr)
                self.assertIn("storage_sealed", self.k.errors())
                self.assert_error(self.k.command("set portal acme"), "storage_sealed")
                self.assertEqual(self.k.flash.read_bytes(), kept)
        self.restart("--key", str(self.key))
        self.k.wait_status(state="ready", generation="1", store="ok")

    def test_unsealed_flash_is_not_sealed_later(self) -> None:
        self.k.provision()
        self.plain = list(self.k.command_line)
        self.restart("--key", str(self.key))
        self.k.wait_status(state="blocked", reason="storage_sealed", store="storage_sealed")
        self.restart()
        self.k.wait_status(state="ready", generation="1", store="ok")

    def test_invalid_key_files(self) -> None:
        for name, content, mode in (("short", b"fifteen bytes!!", 0o600),
                                    ("open", b"thirty-two bytes of a device key", 0o644),
                                    ("large", b"x" * 4097, 0o600)):
            path = self.key_file(name, content, mode)
            done = self.k.run("run", "--flash", str(self.k.home / "other.bin"), "--socket",
                              str(self.k.home / "other"), "--console", "none", "--key", str(path))
            self.assertEqual(done.returncode, 2, name)
            self.assertIn(str(path), done.stderr)
        done = self.k.run("run", "--key", os.devnull)
        self.assertEqual(done.returncode, 2)
