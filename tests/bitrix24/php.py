# SPDX-License-Identifier: Apache-2.0
"""What the PHP of a portal makes of a request, and how it writes JSON."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qsl

from wire import Request

Params = dict[str, Any]


def parse(text: str) -> Params:
    """A query or the body of a form, as parse_str() of PHP: brackets nest, all values are text."""
    root: Params = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        _put(root, name, value)
    return {name: _lists(value) for name, value in root.items()}


def _put(root: Params, name: str, value: str) -> None:
    head, _, rest = name.lstrip(" ").partition("[")
    keys = re.match(r"(?:\[[^\]]*\])*", "[" + rest)
    path = re.findall(r"\[([^\]]*)\]", keys[0]) if keys else []
    head = re.sub("[ .]", "_", head if path or not rest else f"{head}_{rest}")
    if not head:
        return
    node, key = root, head
    for inner in path:
        if not isinstance(node.get(key), dict):
            node[key] = {}
        node = node[key]
        key = inner or str(_next(node))
    node[key] = value


def _next(node: Params) -> int:
    """The index that an empty pair of brackets gets."""
    return 1 + max((int(key) for key in node if key.isdecimal()), default=-1)


def _lists(value: Any) -> Any:
    """PHP has one kind of array; with the keys 0, 1, 2 ... it is a list in JSON."""
    if not isinstance(value, dict):
        return value
    inner = {key: _lists(item) for key, item in value.items()}
    return list(inner.values()) if is_list(inner) else inner


def is_list(value: Params) -> bool:
    return all(key == str(at) for at, key in enumerate(value))


def body(request: Request) -> tuple[str, Any]:
    """The encoding of the body (json, form or none), and its content: JSON as it is."""
    if not request.body:
        return "none", {}
    if "json" in request.headers.get("content-type", ""):
        return "json", request.json()
    return "form", parse(request.body.decode("utf-8", "replace"))


def params(request: Request) -> tuple[str, Params]:
    """The encoding and the parameters of a request: those of the query and, above them, those of
    the body."""
    encoding, content = body(request)
    query = parse(request.target.partition("?")[2])
    if encoding == "none" and query:
        encoding = "query"
    if isinstance(content, list):
        content = {str(at): item for at, item in enumerate(content)}
    return encoding, {**query, **(content if isinstance(content, dict) else {})}


def is_true(value: Any) -> bool:
    """As PHP converts to boolean."""
    return value not in (None, False, 0, 0.0, "", "0", [], {})


_ESCAPED = {'\\"': "\\u0022", "<": "\\u003C", ">": "\\u003E", "&": "\\u0026", "'": "\\u0027",
            "/": "\\/"}


def encode(value: Any, plain_slashes: bool = False) -> bytes:
    """JSON as a portal writes it: ASCII, without < > & ' and ", an empty map as [], and a float
    without a fraction as an integer."""
    text = json.dumps(_tidy(value), separators=(",", ":"))
    text = re.sub(r"\\.|[<>&'/]", lambda found: _ESCAPED.get(found[0], found[0]), text)
    return (text.replace("\\/", "/") if plain_slashes else text).encode()


def _tidy(value: Any) -> Any:
    if isinstance(value, dict):
        items = [(str(key), _tidy(item)) for key, item in value.items()]
        return [item for _, item in items] if is_list(dict(items)) else dict(items)
    if isinstance(value, (list, tuple)):
        return [_tidy(item) for item in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return int(value)
    return value
