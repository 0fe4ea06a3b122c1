# SPDX-License-Identifier: Apache-2.0
"""Corezoid: a process behind a direct URL or the signed API, and a state diagram whose tasks stay.

Rules and formulas follow its documentation; error texts that it does not document are ours.

Another process reads what a task of the diagram holds:

    corezoid.fill("{{conv[%d].ref[token].access_token}}" % corezoid.diagram)
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
import ssl
import time
import urllib.parse
import urllib.request
from typing import Any

from patience import PATIENT_S
from wire import Request

SIGNED = re.compile(r"/api/2/json/(\d+)/(\d+)/([0-9a-fA-F]{40})")
READ = re.compile(r"\{\{conv\[(\d+)\]\.ref\[([^\]]+)\]\.(\w+)\}\}")
CLOCK_S = 300  # tolerance for the time of a signature


class Corezoid:
    """Two API users, each with a process of its own: `login`, `key` and `conv`, to which alerts go,
    and `token_login`, `token_key` and the state diagram `diagram`.

    `keeps`: the tasks of conv stay active, so that their refs stay in use. `refuses`: types of
    operations that fail, with the description of the error.
    """

    def __init__(self) -> None:
        self.login, self.token_login = (str(10000 + secrets.randbelow(90000)) for _ in range(2))
        self.key, self.token_key = (secrets.token_urlsafe(36) for _ in range(2))
        self.conv = 100000 + secrets.randbelow(900000)
        self.diagram = self.conv + 1
        self.reset()

    def reset(self) -> None:
        self.keeps = False
        self.refuses: dict[str, str] = {}
        self.active: set[str] = set()
        self.tasks: list[dict[str, Any]] = []
        self.held: dict[str, dict[str, Any]] = {}   # the tasks of the diagram, by ref
        self.ops: list[str] = []                    # types of the operations on the diagram

    def answer(self, request: Request) -> dict[str, Any]:
        value = request.json()
        signed = SIGNED.fullmatch(request.path)
        if signed and not self._is_signed(request, *signed.groups()):
            return {"request_proc": "fail", "description": "access denied", "ops": []}
        if not isinstance(value, dict):
            return {"request_proc": "format_error", "ops": []}
        if "ops" not in value and not signed:
            value = {"ops": [{"type": "create", "obj": "task", "conv_id": self.conv,
                              "ref": None, "data": value}]}
        ops = value.get("ops")
        if not isinstance(ops, list) or not ops:
            return {"request_proc": "format_error", "ops": []}
        login = signed[1] if signed else None
        return {"request_proc": "ok", "ops": [self._do(op, login) for op in ops]}

    def fill(self, text: str) -> str:
        """A parameter of a node with what it reads put in; nothing where no task has it."""
        def read(match: re.Match[str]) -> str:
            data = self.held.get(match[2], {}) if match[1] == str(self.diagram) else {}
            return str(data.get(match[3], ""))

        return READ.sub(read, text)

    def call(self, method: str, ca: str, ref: str = "token") -> Any:
        """Another process, which knows the reference alone: its node calls the portal."""
        task = f"{{{{conv[{self.diagram}].ref[{ref}]."
        url = self.fill(task + "client_endpoint}}") + method
        form = urllib.parse.urlencode({"auth": self.fill(task + "access_token}}")}).encode()
        trust = ssl.create_default_context(cafile=ca)
        with urllib.request.urlopen(url, form, timeout=PATIENT_S, context=trust) as response:
            return json.load(response)

    def _is_signed(self, request: Request, login: str, seconds: str, signature: str) -> bool:
        key = {self.login: self.key, self.token_login: self.token_key}.get(login, "").encode()
        wanted = hashlib.sha1(seconds.encode() + key + request.body + key).hexdigest()
        return (key != b"" and hmac.compare_digest(wanted, signature.lower())
                and abs(int(seconds) - time.time()) < CLOCK_S)

    def _do(self, op: Any, login: str | None) -> dict[str, Any]:
        result = {"id": "", "proc": "error", "obj": "task", "ref": None}
        if not isinstance(op, dict) or op.get("obj") != "task":
            return result | {"description": "unknown operation"}
        result["ref"] = op.get("ref")
        if op.get("type") in self.refuses:
            return result | {"description": self.refuses[op["type"]]}
        if login == self.token_login and str(op.get("conv_id")) == str(self.diagram):
            return result | self._on_diagram(op)
        return result | self._create(op, login)

    @staticmethod
    def _is_format(op: dict[str, Any]) -> bool:
        ref = op.get("ref")
        return isinstance(op.get("data"), dict) and (ref is None or isinstance(ref, str) and
                                                     1 <= len(ref) <= 255)

    def _create(self, op: dict[str, Any], login: str | None) -> dict[str, Any]:
        ref = op.get("ref")
        if op.get("type") != "create":
            return {"description": "unknown operation"}
        if not self._is_format(op):
            return {"description": "wrong format"}
        if login is not None and (login, str(op.get("conv_id"))) != (self.login, str(self.conv)):
            return {"description": "no such process"}
        if ref in self.active:
            return {"description": "not unical reference"}
        if self.keeps and ref is not None:
            self.active.add(ref)
        self.tasks.append({"ref": ref, "data": json.loads(json.dumps(op["data"])),
                           "signed": login is not None})
        return {"proc": "ok", "obj_id": secrets.token_hex(12)}

    def _on_diagram(self, op: dict[str, Any]) -> dict[str, Any]:
        kind, ref = op.get("type"), op.get("ref")
        self.ops.append(str(kind))
        if kind not in ("create", "modify", "show"):
            return {"description": "unknown operation"}
        if kind != "show" and not self._is_format(op):
            return {"description": "wrong format"}
        if kind == "create" and ref in self.held:
            return {"description": "not unical reference"}
        if kind != "create" and ref not in self.held:
            return {"description": "not found task"}
        if kind == "show":
            return {"proc": "ok", "status": "active", "user_id": 5555, "node_id": "0" * 24,
                    "data": dict(self.held[ref])}
        self.held.setdefault(str(ref), {}).update(json.loads(json.dumps(op["data"])))
        return {"proc": "ok", "obj_id": secrets.token_hex(12)}
