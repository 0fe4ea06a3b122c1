# SPDX-License-Identifier: Apache-2.0
"""Chromium without a window, driven over its DevTools pipe; a terminal is its serial port."""

from __future__ import annotations

import atexit
import base64
import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, Callable

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
from keeper import PATIENT_S, WITH_US  # noqa: E402

CHROMIUM = os.environ.get("TK_CHROMIUM", "/usr/bin/chromium")
POLL_S = 0.02


@functools.cache
def library(name: str) -> str:
    """Builds name.c for LD_PRELOAD."""
    folder = Path(tempfile.mkdtemp(prefix="tk-web-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    library = folder / f"{name}.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, HERE / f"{name}.c", "-ldl"],
                   check=True)
    return str(library)


class Failed(AssertionError):
    """Chromium refused a command, or did not show what was expected."""


class Browser:
    """A Chromium with a profile of its own that may use one serial port on some origins."""

    def __init__(self, serial: str, hosts: dict[str, int], grants: tuple[str, ...],
                 *flags: str, window: bool = False) -> None:
        self.profile = Path(tempfile.mkdtemp(prefix="tk-web-"))
        self._grant(grants)
        to_us, theirs_out = os.pipe()
        theirs_in, from_us = os.pipe()
        rules = ",".join(f"MAP {host} 127.0.0.1:{port}" for host, port in hosts.items())
        errors = (self.profile / "stderr").open("wb")
        self.process = subprocess.Popen(
            ["bash", "-c", f'exec "$@" 3<&{theirs_in} 4>&{theirs_out}', "bash",
             *WITH_US, CHROMIUM, *([] if window else ["--headless=new"]), "--no-sandbox",
             "--remote-debugging-pipe",
             f"--user-data-dir={self.profile}", "--ignore-certificate-errors", "--no-first-run",
             "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking",
             "--disable-component-update", f"--host-resolver-rules={rules}", *flags, "about:blank"],
            env=dict(os.environ) | {"LD_PRELOAD": library("serial_port"), "TK_SERIAL": serial},
            pass_fds=(theirs_in, theirs_out), stdin=subprocess.DEVNULL, stdout=errors,
            stderr=errors)
        errors.close()
        for fd in (theirs_in, theirs_out):
            os.close(fd)
        self._to, self._from = from_us, to_us
        self._changed = threading.Condition()
        self._answers: dict[int, dict] = {}
        self._next, self.ended = 0, False
        self.events: list[dict] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _grant(self, origins: tuple[str, ...]) -> None:
        port = {"name": "gateway", "vendor_id": 0x0403, "product_id": 0x6001,
                "serial_number": "TK000001"}
        exceptions = {f"{origin},*": {"setting": {"chosen-objects": [port]}} for origin in origins}
        (self.profile / "Default").mkdir()
        (self.profile / "Default/Preferences").write_text(json.dumps({"profile": {
            "content_settings": {"exceptions": {"serial_chooser_data": exceptions}}}}))

    def _read(self) -> None:
        rest = b""
        while True:
            data = os.read(self._from, 1 << 16)
            if not data:
                break
            *whole, rest = (rest + data).split(b"\0")
            with self._changed:
                for message in map(json.loads, whole):
                    if "id" in message:
                        self._answers[message["id"]] = message
                    else:
                        self.events.append(message)
                self._changed.notify_all()
        with self._changed:
            self.ended = True
            self._changed.notify_all()

    def send(self, method: str, session: str = "", **params: Any) -> dict:
        """A DevTools command; returns its result."""
        with self._changed:
            self._next += 1
            number = self._next
        message = {"id": number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        try:
            os.write(self._to, json.dumps(message).encode() + b"\0")
        except BrokenPipeError:
            self._reader.join()
        with self._changed:
            self._changed.wait_for(lambda: number in self._answers or self.ended, PATIENT_S)
            answer = self._answers.pop(number, None)
        if answer is None:
            raise Failed(f"{method}: Chromium {'ended' if self.ended else 'is silent'}: "
                         f"{(self.profile / 'stderr').read_text('utf-8', 'replace')[-2000:]}")
        if "error" in answer:
            raise Failed(f"{method}: {answer['error']['message']}")
        return answer["result"]

    def events_of(self, method: str, session: str = "") -> list[dict]:
        with self._changed:
            return [one["params"] for one in self.events if one["method"] == method
                    and session in ("", one.get("sessionId"))]

    def pages(self) -> list[dict]:
        """The open pages: targetId, url, ..."""
        return [one for one in self.send("Target.getTargets")["targetInfos"]
                if one["type"] == "page"]

    def open(self, url: str, script: str = "") -> Page:
        """A new tab; script runs before those of the page."""
        page = Page(self, self.send("Target.createTarget", url="about:blank")["targetId"])
        if script:
            page.send("Page.addScriptToEvaluateOnNewDocument", source=script)
        page.load(url)
        return page

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._to)
        self._reader.join()
        os.close(self._from)
        shutil.rmtree(self.profile, ignore_errors=True)


class Page:
    """A tab."""

    def __init__(self, browser: Browser, target: str) -> None:
        self.browser, self.target = browser, target
        self._session = browser.send("Target.attachToTarget", targetId=target,
                                     flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **params: Any) -> dict:
        return self.browser.send(method, self._session, **params)

    def load(self, url: str) -> None:
        failed = self.send("Page.navigate", url=url).get("errorText")
        if failed:
            raise Failed(f"{url}: {failed}")
        self.wait("document.readyState === 'complete' && location.href !== 'about:blank'")

    def run(self, script: str, by_user: bool = False) -> Any:
        """The value of an expression; by_user: as if the user had clicked."""
        answer = self.send("Runtime.evaluate", expression=script, returnByValue=True,
                           awaitPromise=True, userGesture=by_user)
        if "exceptionDetails" in answer:
            raise Failed(f"{script}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def wait(self, condition: str, seconds: float = PATIENT_S) -> None:
        """Waits until an expression is true."""
        end = time.monotonic() + seconds
        while True:
            try:
                value = self.run(f"!!({condition})")
            except Failed as failed:  # the page is being replaced
                value = False
                if "ended" in str(failed):
                    raise
            if value:
                return
            if time.monotonic() > end:
                raise Failed(f"not within {seconds} s: {condition}; the page shows:\n"
                             + str(self.run("document.body.innerText")))
            time.sleep(POLL_S)

    def events(self, method: str) -> list[dict]:
        return self.browser.events_of(method, self._session)

    def wait_window(self, part: str) -> str:
        """Waits for a page with this in its address; returns its target."""
        return self._wait_pages(lambda pages: [one["targetId"] for one in pages
                                               if part in one["url"]])[0]

    def wait_closed(self, left: int) -> None:
        """Waits until no more windows are open than these, apart from the first, empty one."""
        self._wait_pages(lambda pages: len(pages) <= left + 1)

    def _wait_pages(self, condition: Callable[[list[dict]], Any]) -> Any:
        end = time.monotonic() + PATIENT_S
        while not (value := condition(self.browser.pages())):
            if time.monotonic() > end:
                raise Failed(f"the windows: {self.browser.pages()}")
            time.sleep(POLL_S)
        return value

    def key(self, key: str, code: int, text: str = "", shift: bool = False) -> None:
        """Presses a key and lets it go."""
        for kind, more in (("keyDown", {"text": text}), ("keyUp", {})):
            self.send("Input.dispatchKeyEvent", type=kind, key=key, code=key, **more,
                      windowsVirtualKeyCode=code, modifiers=8 if shift else 0)

    def type(self, text: str) -> None:
        """Into the control that has the focus."""
        self.send("Input.insertText", text=text)

    def picture(self, file: Path, width: int, height: int, dark: bool) -> None:
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=False)
        self.send("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        data = self.send("Page.captureScreenshot", captureBeyondViewport=True)["data"]
        file.write_bytes(base64.b64decode(data))

    def close(self) -> None:
        self.browser.send("Target.closeTarget", targetId=self.target)
