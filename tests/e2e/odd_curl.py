# SPDX-License-Identifier: Apache-2.0
"""curl without options as the judge: which odd responses it can read."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from keeper import PATIENT_S, Bitrix24


def _path(name: str) -> str:
    """curl repeats a request on whose kept connection there is no response: no other oddity may
    become that of the second one."""
    return f"/oauth/token/?{name}&"


def _transfer(b24: Bitrix24, name: str, place: Path) -> str:
    form = (f"grant_type=authorization_code&client_id={b24.client_id}"
            f"&client_secret={b24.client_secret}&code={b24.code()['code']}")
    return (f'url = "https://{b24.oauth}{_path(name)}"\ncacert = "{b24.ca}"\ndata = "{form}"\n'
            f'output = "{place / name}"\nsilent\nwrite-out = "{name} %{{exitcode}}\\n"\n')


def read(b24: Bitrix24, names: list[str], place: Path) -> dict[str, bytes]:
    """The bodies that curl has read of these oddities, each as the response to a code; without
    those that it reports as an error."""
    results: dict[str, str] = {}
    while left := [name for name in names if name not in results]:
        b24.drop()
        b24.clear_faults()
        for name in left:
            b24.fault("oauth", "odd", name=name, path=_path(name))
        config = "next\n".join(_transfer(b24, name, place) for name in left)
        done = subprocess.run(["curl", "-K", "-"], input=config, text=True, capture_output=True,
                              timeout=PATIENT_S, check=False)
        new = dict(line.split() for line in done.stdout.splitlines())
        results |= new or {left[0]: "none"}     # some errors end curl
    b24.clear_faults()
    return {name: (place / name).read_bytes() for name in names
            if results[name] == "0" and (place / name).exists()}


def pair(body: bytes) -> tuple[str, str] | None:
    """The access and the refresh token in it; None: there is no pair."""
    try:
        value = json.loads(body.decode("utf-8-sig", "replace"))
        return value["access_token"], value.get("refresh_token") or ""
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
