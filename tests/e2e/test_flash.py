# SPDX-License-Identifier: Apache-2.0
"""Flash that fails under the program: reads of the first start, worn sectors."""

from __future__ import annotations

import os
import shutil

import preload
from keeper import GatewayCase

SECTOR, SECTORS = 262144, 4
READS = 300
# What a command answers when the flash failed.
REFUSED = ("storage_failed", "storage_unreadable", "storage_corrupt", "busy")


class SlowFlash(GatewayCase):
    def setUp(self) -> None:
        super().setUp()
        self.k.provision()
        self.k.must("set renew 25m")
        self.b24.drop()
        self.settings = self.held()
        self.k.end()
        self.whole = self.k.home / "whole.bin"
        shutil.copy(self.k.flash, self.whole)

    def held(self) -> dict[str, str]:
        """Settings and grant, without what a commit of the test changes."""
        status = self.k.status()
        kept = dict(self.k.must("show").values, generation=status["generation"],
                    state=status["state"])
        kept.pop("renew")
        return kept

    def start_with(self, **faults: str) -> None:
        self.k.env = self.sound | preload.environment("flash_faults", TK_FLASH=str(self.k.flash),
                                                      **faults)
        self.k.start()

    def assert_all_there(self, renew: tuple[str, ...]) -> None:
        self.k.env = self.sound
        self.k.start()
        self.assertEqual(self.held(), self.settings)
        self.assertIn(self.k.must("show")["renew"], renew)
        self.k.end()

    def count_reads(self) -> int:
        count = self.k.home / "count"
        self.start_with(TK_COUNT=str(count))
        self.k.must("set renew 30m")
        self.k.end()
        return int(count.read_text())

    def each_read(self, reads: str, step: int = 1) -> None:
        """Read `at` of a start and a commit fails, with those that follow it; one in `step`."""
        self.sound = dict(self.k.env)
        last = min(READS, self.count_reads())
        self.assertGreater(last, 20)
        for at in range(1, last + 1, step):
            with self.subTest(read=at, reads=reads):
                shutil.copy(self.whole, self.k.flash)
                self.start_with(TK_READ_AT=str(at), TK_READS=reads)
                answer = self.k.command("set renew 30m")
                if not answer.ok:
                    self.assertIn(answer.code, REFUSED)
                self.k.end()
                self.assert_all_there(("30m",) if answer.ok else ("25m", "30m"))

    def test_a_read_fails_once(self) -> None:
        self.each_read("1", 2)  # every second: more of them in tests/store

    def test_reads_fail_for_a_while(self) -> None:
        self.each_read("20", 7)

    def test_reads_fail_for_good(self) -> None:
        self.each_read("1000000", 7)

    def used(self) -> int:
        """The last sector that is not blank."""
        content = self.whole.read_bytes()
        return max(i for i in range(SECTORS)
                   if content[i * SECTOR:(i + 1) * SECTOR].strip(b"\xff"))

    def start_worn(self, count: int) -> None:
        """Starts with worn sectors after the one in use."""
        shutil.copy(self.whole, self.k.flash)
        worn = ((self.used() + 1 + i) % SECTORS for i in range(count))
        self.start_with(TK_WORN=",".join(map(str, worn)), TK_SECTOR=str(SECTOR))

    def use_sectors(self, count: int) -> None:
        """After a power cut the next commit opens another sector."""
        for i in range(count):
            self.k.must(f"set escalate_url https://localhost/{i}")
            self.k.kill()
            self.k.start()
        self.k.must("unset escalate_url")

    def test_worn_sectors_are_passed_by(self) -> None:
        self.sound = dict(self.k.env)
        for count in (1, SECTORS - 2):
            self.start_worn(count)
            self.use_sectors(2 * SECTORS)
            self.k.end()
            self.assert_all_there(("25m",))


class EarlierFlash(GatewayCase):
    """Files of earlier versions, which are smaller."""

    sizes = (131072, 262144)

    def start_small(self, size: int, *options: str) -> None:
        """In a directory that has no place for a larger file."""
        self.k = self.keeper(start=False, options=options)
        self.k.flash.write_bytes(b"\xff" * size)
        self.k.flash.chmod(0o600)
        self.k.flash.with_name("flash.bin.new").mkdir()
        self.k.start()
        self.k.provision()
        self.k.must("ref add second")
        self.k.must("set portal shop")
        self.assertIn("keeps its size", self.k.errors())
        self.assertEqual(self.k.flash.stat().st_size, size)

    def held(self) -> dict[str, str]:
        shown = {ref: self.k.must(f"ref {ref}").last + repr(self.k.must("show"))
                 for ref in ("second", "token")}
        return shown | self.k.get_json("--ref", "token")

    def assert_grows(self, size: int) -> None:
        held, old = self.held(), self.k.home / "old"
        held.pop("expires_in")
        self.k.end()
        self.k.flash.with_name("flash.bin.new").rmdir()
        os.link(self.k.flash, old)
        self.k.start()
        now = self.held()
        now.pop("expires_in")
        self.assertEqual(now, held)
        self.assertEqual(self.k.flash.stat().st_size, SECTOR * SECTORS)
        self.assertEqual(old.read_bytes(), b"\xff" * size)
        self.assertEqual(sorted(self.k.home.glob("flash.bin*")), [self.k.flash])
        self.k.kill()
        self.k.start()
        self.k.must("ref token")
        self.k.must_refresh()

    def test_they_grow(self) -> None:
        for size in self.sizes:
            with self.subTest(size):
                self.start_small(size)
                self.assert_grows(size)

    def test_sealed_ones_grow(self) -> None:
        key = self.k.home / "key"
        key.write_bytes(b"the key of the flash of this test")
        key.chmod(0o600)
        self.start_small(self.sizes[1], "--key", str(key))
        self.assert_grows(self.sizes[1])

    def test_what_cannot_be_read_is_left_alone(self) -> None:
        self.k.end()
        self.k.flash.write_bytes(b"\0" * self.sizes[1])
        self.k.start(hello=False)
        self.assertEqual(self.k.wait_end(), 2)
        self.assertIn("storage_foreign", self.k.errors())
        self.assertEqual(self.k.flash.read_bytes(), b"\0" * self.sizes[1])
        self.assertEqual(sorted(self.k.home.glob("flash.bin*")), [self.k.flash])
