# SPDX-License-Identifier: Apache-2.0
"""The two task endpoints of Corezoid: a direct URL, which is itself the secret, and the signed API.

Rules and formulas follow its documentation; error texts that it does not document are ours.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
import time
from typing import Any

from wire import Request

SIGNED = re.compile(r"/api/2/json/(\d+)/(\d+)/([0-9a-fA-F]{40})")
CLOCK_S = 300  # tolerance for the time of a signature


class Corezoid:
    """One API user and one process. `keeps`: tasks stay active, so that their refs stay in use."""

    def __init__(self) -> None:
        self.login = str(10000 + secrets.randbelow(90000))
        self.key = secrets.token_urlsafe(36)
        self.conv = 100000 + secrets.randbelow(900000)
        self.reset()

    def reset(self) -> None:
        self.keeps = False
        self.active: set[str] = set()
        self.tasks: list[dict[str, Any]] = []

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
        return {"request_proc": "ok", "ops": [self._create(op, bool(signed)) for op in ops]}

    def _is_signed(self, request: Request, login: str, seconds: str, signature: str) -> bool:
        key = self.key.encode()
        wanted = hashlib.sha1(seconds.encode() + key + request.body + key).hexdigest()
        return (login == self.login and hmac.compare_digest(wanted, signature.lower())
                and abs(int(seconds) - time.time()) < CLOCK_S)

    def _create(self, op: Any, signed: bool) -> dict[str, Any]:
        result = {"id": "", "proc": "error", "obj": "task", "ref": None}
        if not isinstance(op, dict) or (op.get("type"), op.get("obj")) != ("create", "task"):
            return result | {"description": "unknown operation"}
        ref, data = op.get("ref"), op.get("data")
        result["ref"] = ref
        if not isinstance(data, dict) or not (ref is None or isinstance(ref, str) and
                                              1 <= len(ref) <= 255):
            return result | {"description": "wrong format"}
        if signed and str(op.get("conv_id")) != str(self.conv):
            return result | {"description": "no such process"}
        if ref in self.active:
            return result | {"description": "not unical reference"}
        if self.keeps and ref is not None:
            self.active.add(ref)
        self.tasks.append({"ref": ref, "data": json.loads(json.dumps(data)), "signed": signed})
        return result | {"proc": "ok", "obj_id": secrets.token_hex(12)}
