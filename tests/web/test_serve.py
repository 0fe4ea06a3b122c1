# SPDX-License-Identifier: Apache-2.0
"""serve.py, which serves the page: both loopback addresses, one page, no log."""

import http.client
import re
import socket
import subprocess
import sys
import unittest

import case  # noqa: F401  (extends sys.path)
import hashes
import serve
from keeper import PATIENT_S, WITH_US


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        return one.getsockname()[1]


class Serve(unittest.TestCase):

    def start(self, port: int) -> subprocess.Popen:
        process = subprocess.Popen([*WITH_US, sys.executable, serve.__file__, "--port", str(port)],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def get(self, address: str, port: int, path: str, host: str = "") -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection(address, port, timeout=PATIENT_S)
        self.addCleanup(connection.close)
        connection.request("GET", path, headers={"Host": host or f"localhost:{port}"})
        return connection.getresponse()

    def test_one_page(self) -> None:
        port = free_port()
        process = self.start(port)
        self.assertIn(f"http://localhost:{port}/", process.stdout.readline())
        for address in ("127.0.0.1", "::1"):
            answer = self.get(address, port, "/?code=secret&state=1")
            self.assertEqual(answer.read(), serve.PAGE.read_bytes())
            self.assertEqual(answer.headers["Cache-Control"], "no-store")
            self.assertRegex(answer.headers["Content-Security-Policy"],
                             "^default-src 'none'; .*; frame-ancestors 'none'$")
        self.assertEqual(self.get("127.0.0.1", port, "/serve.py").status, 404)
        self.assertEqual(self.get("127.0.0.1", port, "/", "rebound.example").status, 421)
        process.kill()
        self.assertEqual("".join(process.communicate()), "")

    def test_all_of_loopback_or_nothing(self) -> None:
        """Another user may have one of the addresses."""
        for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
            with socket.create_server((address, 0), family=family) as taken:
                process = self.start(taken.getsockname()[1])
                out, errors = process.communicate(timeout=PATIENT_S)
                self.assertEqual((out, process.returncode), ("", 1))
                self.assertIn("End the program that has it", errors)


class Policy(unittest.TestCase):
    """What can be seen in the page's text."""

    def test_hashes(self) -> None:
        page = serve.PAGE.read_text()
        self.assertEqual(page, hashes.with_hashes(page), "tests/web/hashes.py --write")
        changed = page.replace("BAUD = 115200", "BAUD = 9600")
        self.assertNotEqual(changed, hashes.with_hashes(changed))

    def test_nothing_foreign(self) -> None:
        page = serve.PAGE.read_text()
        self.assertEqual(re.findall(r"fetch\(|XMLHttpRequest|WebSocket|localStorage|sessionStorage|"
                                    r"indexedDB|document\.cookie|\.opener\b|\.closed\b|innerHTML|"
                                    r"eval\(", page), [])
        self.assertEqual(re.findall(r'(?:src|href)="(?!data:,)[^"]*"', page), [])

    def test_contrast(self) -> None:
        """Text on its ground has 4.5:1 in both schemes (WCAG 1.4.3)."""
        style = re.search(r"<style>(.*?)</style>", serve.PAGE.read_text(), re.DOTALL)[1]
        for scheme in re.findall(r":root \{(.*?)\}", style, re.DOTALL):
            colours = dict(re.findall(r"--([\w-]+): #(\w+);", scheme))
            for text, ground in (("text", "paper"), ("text", "panel"), ("soft", "paper"),
                                 ("soft", "panel"), ("accent", "paper"), ("on-accent", "accent")):
                self.assertGreater(contrast(colours[text], colours[ground]), 4.5, (text, ground))


def contrast(one: str, other: str) -> float:
    """The ratio of two colours (WCAG 2.2)."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    digits = colour if len(colour) == 6 else "".join(c + c for c in colour)
    parts = [int(digits[i:i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
