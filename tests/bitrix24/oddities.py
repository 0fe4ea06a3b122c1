# SPDX-License-Identifier: Apache-2.0
"""Odd responses, as servers and proxies in the field send them.

TABLE is the one list: a name, what is odd, the edits that make a response so, and what a client is
expected to make of it. The fault `odd` sends one of them; tests/e2e/test_oddities.py walks through
all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from message import Edit, MISSING, adds, around, body, chunks, coded, date, each, ends, error, \
    first, interim, members, members_first, page, parts, sets, unless_refused, utf16, written, \
    wrong_length

PAIR = ""           # the pair is read and held
HOUR_S = 3600
CSP = "Content-Security-Policy: "


@dataclass(frozen=True)
class Row:
    name: str
    help: str
    edits: tuple[Edit, ...]
    code: str           # what it means as the response to a code: PAIR, or the error
    refresh: str        # ... and to a refresh
    any: bool           # true: also of REST and of a webhook
    processed: bool     # the code is spent, the tokens are rotated
    settings: dict[str, Any]
    life_s: int         # of the access token that is held
    closes: bool        # the client is expected to close the connection
    retry_s: tuple[int, int] | None     # the next refresh is due after so many seconds
    refused: str        # why the client need not read what curl reads


def _row(name: str, help: str, *edits: Edit, error: str = PAIR, refresh: str | None = None,
         any: bool = True, processed: bool = True, settings: dict[str, Any] | None = None,
         life_s: int = HOUR_S, closes: bool = False,
         retry_s: tuple[int, int] | None = None, refused: str = "") -> Row:
    return Row(name, help, edits, error, error if refresh is None else refresh, any, processed,
               settings or {}, life_s, closes, retry_s, refused)


def _pair(name: str, help: str, *edits: Edit, **more: Any) -> Row:
    """Of a token response alone."""
    return _row(name, help, *edits, any=False, **more)


FIELDS = (
    _row("fold", "a field on three lines (RFC 9112 5.2)",
         adds(CSP + "default-src 'self';\r\n  script-src 'self';\r\n\timg-src *")),
    _row("fold_empty", "a fold of white space alone", adds("X-Odd: a\r\n \t ")),
    _row("fold_colon", "a fold that looks like a field", adds("X-Odd: a\r\n Content-Length: 3")),
    _row("fold_length", "the value of Content-Length folded",
         sets("Content-Length", "\r\n {length}")),
    _row("fold_type", "a folded Content-Type",
         sets("Content-Type", "application/json;\r\n charset=utf-8")),
    _row("no_space", "no white space behind colons", each(lambda name, value: f"{name}:{value}")),
    _row("much_space", "white space around values",
         each(lambda name, value: f"{name}:  \t {value} \t")),
    _row("upper_case", "names in upper case", each(lambda name, value: f"{name.upper()}: {value}")),
    _row("lower_case", "names in lower case", each(lambda name, value: f"{name.lower()}: {value}")),
    _row("empty_value", "fields without a value", adds("X-Odd:", "X-Odd2: ")),
    _row("empty_name", "a field without a name", adds(": odd")),
    _row("name_space", "white space before a colon", adds("X-Odd : a")),
    _row("odd_name", "a name with characters that are not allowed", adds("X(Odd)/1: a")),
    _row("non_ascii", "a value in UTF-8 and in Latin-1", adds("X-Odd: \u00d0\u00bf \u00ff")),
    _row("control", "control characters in a value", adds("X-Odd: a\x01b\x7f")),
    _row("bare_cr", "CR within a value", adds("X-Odd: a\rb")),
    _row("nul", "NUL in a value", adds("X-Odd: a\0b")),
    _row("long_field", "a field of 9 KB", adds(CSP + "default-src 'self'; " * 450)),
    _row("very_long_field", "a field of 40 KB", adds(CSP + "default-src 'self'; " * 2000)),
    _row("many_fields", "80 fields of 100 bytes",
         adds(*(f"Set-Cookie: c{n}={'0123456789abcdef' * 5}; path=/" for n in range(80)))),
    _row("very_many_fields", "400 fields of 100 bytes",
         adds(*(f"Set-Cookie: c{n}={'0123456789abcdef' * 5}; path=/" for n in range(400)))),
    _row("lf", "lines that end with LF alone", parts(eol="\n")),
)

STATUS_LINES = (
    _row("no_reason", "no reason", parts(status="HTTP/1.1 200 ")),
    _row("no_reason_space", "no reason and no blank before it", parts(status="HTTP/1.1 200")),
    _row("odd_reason", "a reason in UTF-8", parts(status="HTTP/1.1 200 \u00d0\u00bf\u00d1\u0080")),
    _row("long_reason", "a reason of 200 bytes", parts(status="HTTP/1.1 200 " + "O" * 200)),
    _row("two_spaces", "two blanks before the status", parts(status="HTTP/1.1  200 OK")),
    _row("http_1_0", "HTTP/1.0, closed", parts(status="HTTP/1.0 200 OK"), sets("Connection"),
         ends()),
    _row("http_1_0_silent", "HTTP/1.0 without Connection, left open",
         parts(status="HTTP/1.0 200 OK"), sets("Connection"), closes=True),
    _row("http_1_0_keep", "HTTP/1.0 with keep-alive", parts(status="HTTP/1.0 200 OK")),
    _row("http_1_0_chunked", "HTTP/1.0 with chunks", parts(status="HTTP/1.0 200 OK"), chunks(),
         closes=True),
    _row("http_1_2", "HTTP/1.2", parts(status="HTTP/1.2 200 OK")),
    _row("http_2_text", "HTTP/2", parts(status="HTTP/2 200")),
    _row("http_lower", "http/1.1 in lower case", parts(status="http/1.1 200 OK")),
    _row("status_201", "201", parts(status="HTTP/1.1 201 Created")),
    _row("status_203", "203", parts(status="HTTP/1.1 203 Non-Authoritative Information")),
    _row("status_206", "206", parts(status="HTTP/1.1 206 Partial Content")),
    _row("status_299", "299", parts(status="HTTP/1.1 299 Odd")),
    _pair("status_300", "300 with the pair", parts(status="HTTP/1.1 300 Odd")),
    _pair("status_400", "400 with the pair", parts(status="HTTP/1.1 400 Bad Request")),
    _pair("status_500", "500 with the pair", parts(status="HTTP/1.1 500 Internal Server Error")),
    _pair("status_600", "600 with the pair", parts(status="HTTP/1.1 600 Odd")),
    _pair("status_999", "999 with the pair", parts(status="HTTP/1.1 999 Odd")),
    _row("continue", "100 before it", interim(100)),
    _row("early_hints", "103 with fields before it, twice",
         interim(103, "Link: </a.css>; rel=preload", "Content-Length: 5", times=2)),
    _row("interim_fold", "103 with a folded field",
         interim(103, "Link: </a.css>;\r\n  rel=preload")),
    _row("processing", "102 twenty times", interim(102, times=20)),
)

LENGTHS = (
    _row("zeros", "leading zeros", sets("Content-Length", "0" * 20 + "{length}")),
    _row("doubled", "two fields", sets("Content-Length", "{length}", "{length}")),
    _row("listed", "twice in one field", sets("Content-Length", "{length}, {length}")),
    _row("plus", "a sign", sets("Content-Length", "+{length}")),
    _row("length_words", "words behind it", sets("Content-Length", "{length} bytes")),
    _row("length_huge", "beyond 64 bits, then closed", sets("Content-Length", "9" * 23), ends()),
    _row("chunked", "small chunks", chunks()),
    _row("chunks_of_1", "chunks of one byte", chunks(1)),
    _row("chunk_upper", "chunk sizes in upper case", chunks(0xab, "{0:X}")),
    _row("chunk_zeros", "chunk sizes with leading zeros", chunks(line="{0:012x}")),
    _row("chunk_space", "white space behind chunk sizes", chunks(line="{0:x}  ")),
    _row("chunk_extension", "chunk extensions", chunks(line='{0:x};odd="a;b";c')),
    _row("chunk_long_extension", "chunk extensions of 300 bytes",
         chunks(line="{0:x};odd=" + "a" * 300)),
    _row("chunk_lf", "chunk lines that end with LF alone", chunks(eol=b"\n", last=b"0\n\n")),
    _row("chunk_last_zeros", "a last chunk of 000", chunks(last=b"000\r\n\r\n")),
    _row("trailers", "trailer fields", chunks(last=b"0\r\nServer-Timing: odd\r\nX-Odd: a\r\n\r\n")),
    _row("trailer_fold", "a folded trailer field", chunks(last=b"0\r\nX-Odd: a\r\n  b\r\n\r\n")),
    _row("trailer_long", "a trailer field of 2 KB",
         chunks(last=b"0\r\nX-Odd: " + b"a" * 2048 + b"\r\n\r\n")),
    _row("chunked_case", "CHUNKED", chunks(), sets("Transfer-Encoding", "CHUNKED")),
    _row("chunked_and_length", "chunks, then a Content-Length", chunks(),
         adds("Content-Length: 5"), closes=True),
    _row("length_and_chunked", "a Content-Length, then chunks", chunks(),
         first("Content-Length: 5"), closes=True),
    _row("chunked_twice", "two fields Transfer-Encoding", chunks(),
         adds("Transfer-Encoding: chunked")),
    _row("identity_chunked", "identity, chunked", chunks(),
         sets("Transfer-Encoding", "identity, chunked")),
)

CONNECTIONS = (
    _row("until_close", "no length: the body ends with the connection", sets("Content-Length"),
         ends()),
    _row("until_close_silent", "the same, not announced", sets("Content-Length"),
         ends(announced=False)),
    _row("until_fin", "the same without close_notify", sets("Content-Length"), ends("fin")),
    _row("closed", "closed behind the body", ends()),
    _row("closed_silent", "the same, not announced", ends(announced=False)),
    _row("closed_fin", "the same without close_notify", ends("fin", announced=False)),
    _row("closed_reset", "the same with a reset", ends("reset", announced=False)),
    _row("connections", "close beside keep-alive", sets("Connection", "close", "keep-alive"),
         closes=True),
    _row("connections_swapped", "keep-alive beside close",
         sets("Connection", "keep-alive", "close"), closes=True),
    _row("connection_list", "close in a list", sets("Connection", "TE, Close , keep-alive"),
         closes=True),
    _row("connection_like", "an option that begins like close",
         sets("Connection", "closed, keep-alive")),
    _row("proxy_connection", "Proxy-Connection: close", adds("Proxy-Connection: close")),
    _row("extra", "bytes behind the body", parts(after=b"odd\r\n"), closes=True),
    _row("extra_line", "an empty line behind the body", parts(after=b"\r\n"), closes=True),
    _row("extra_response", "a second response behind the body",
         parts(after=b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"), closes=True),
    _row("slow", "a byte per TLS record", parts(record=1)),
    _row("slow_chunks", "the same in chunks", chunks(), parts(record=1)),
)

CODINGS = (
    _row("gzip", "gzip, not asked for", coded("gzip"), error="http_coded"),
    _row("gzip_x", "x-gzip, not asked for", coded("gzip", "x-gzip"), error="http_coded"),
    _row("deflate", "deflate, not asked for", coded("deflate"), error="http_coded"),
    _row("gzip_chunks", "gzip in chunks", coded("gzip"), chunks(), error="http_coded"),
    _row("gzip_unlabelled", "gzip without Content-Encoding", coded("gzip"),
         sets("Content-Encoding"), error="bad_answer"),
    _row("gzip_default", "gzip where Accept-Encoding is missing", unless_refused(coded("gzip"))),
    _row("identity", "Content-Encoding: identity", sets("Content-Encoding", "identity")),
    _row("coding_empty", "Content-Encoding without a value", sets("Content-Encoding", "")),
    _row("coding_wrong", "Content-Encoding: gzip, and a body that is not",
         sets("Content-Encoding", "gzip")),
    _row("type_html", "Content-Type: text/html", sets("Content-Type", "text/html")),
    _row("type_none", "no Content-Type", sets("Content-Type")),
    _row("type_charset", "another charset",
         sets("Content-Type", "application/json; charset=windows-1251")),
    _row("bom", "a byte order mark", around(b"\xef\xbb\xbf")),
    _row("bom_lines", "a byte order mark and blank lines", around(b"\xef\xbb\xbf\r\n\r\n")),
    _row("utf16", "JSON in UTF-16", body(utf16), error="bad_answer"),
    _row("blank_lines", "blank lines around the JSON", around(b"\n\n \t", b"\r\n\r\n")),
    _pair("blanks", "3 KB of blanks before the JSON", around(b" " * 3000)),
    _pair("warning", "a warning of PHP before the JSON",
          around(b"<br />\n<b>Warning</b>: odd in <b>odd.php</b> on line <b>5</b><br />\n")),
    _pair("comment", "a comment behind the JSON", around(b"", b"\n<!-- 0.05 s -->\n")),
    _pair("nul_behind", "NUL behind the JSON", around(b"", b"\0")),
    _pair("no_brace", "JSON without its last brace", body(lambda data: data.rstrip()[:-1])),
    _row("html", "200 with a page of 5 KB", page(200, 5), error="bad_answer"),
    _row("html_small", "200 with a small page", page(200, 0.2), error="bad_answer"),
    _row("pretty", "JSON on many lines", body(lambda data: data.replace(b',"', b' ,\r\n\t"'))),
    _row("plain_slashes", "/ without a backslash", body(lambda data: data.replace(b"\\/", b"/"))),
)

_NAMES = ("expires", "scope", "domain", "server_endpoint", "status", "client_endpoint",
          "member_id", "user_id")
_KEPT = {"settings": {"rotates": False}, "error": "bad_answer", "refresh": PAIR}

MEMBERS = (
    _pair("float", "expires_in 120.0", written("expires_in", "120.0"), life_s=120),
    _pair("float_part", "expires_in 120.5", written("expires_in", "120.5"), life_s=120),
    _pair("exponent", "expires_in 120E0", written("expires_in", "120E0"), life_s=120),
    _pair("exponent_up", "expires_in 1.2E+2", written("expires_in", "1.2E+2"), life_s=120),
    _pair("exponent_down", "expires_in 1200e-1", written("expires_in", "1200e-1"), life_s=120),
    _pair("string", 'expires_in "120"', members(expires_in="120"), life_s=120),
    _pair("string_float", 'expires_in "120.0"', members(expires_in="120.0"), life_s=120),
    _pair("string_blanks", 'expires_in " 120 "', members(expires_in=" 120 "), life_s=120),
    _pair("life_words", "expires_in in words, and no expires",
          members(expires_in="soon", expires=MISSING), life_s=120),
    _pair("life_missing", "neither expires_in nor expires",
          members(expires_in=MISSING, expires=MISSING), life_s=120),
    _pair("expires_alone", "no expires_in", members(expires_in=MISSING)),
    _pair("expires_null", "expires_in is null", members(expires_in=None)),
    _pair("expires_float", "no expires_in, and expires with a fraction",
          members(expires_in=MISSING), written("expires", "{expires}.5")),
    _pair("nulls", "null for all but tokens and expires_in",
          members(**dict.fromkeys(_NAMES))),
    _pair("missing", "tokens and expires_in alone", members(**dict.fromkeys(_NAMES, MISSING))),
    _pair("user_string", "user_id as a string", members(user_id="1")),
    _pair("scope_list", "scope as a list", members(scope=["crm", "user"])),
    _pair("scope_empty", "scope is empty", members(scope="")),
    _pair("scope_long", "scope of 700 characters", members(scope="tasks_extended," * 46 + "crm")),
    _pair("refresh_missing", "no refresh_token: the old one stays (RFC 6749 6)",
          members(refresh_token=MISSING), **_KEPT),
    _pair("refresh_null", "refresh_token is null, the old one stays",
          members(refresh_token=None), **_KEPT),
    _pair("refresh_empty", "refresh_token is empty, the old one stays",
          members(refresh_token=""), **_KEPT),
    _pair("refresh_same", "the old refresh_token again", settings={"rotates": False}),
    _pair("error_zero", "error 0 beside the pair", members(error=0)),
    _pair("error_text_zero", 'error "0" beside the pair', members(error="0")),
    _pair("error_word", "error none beside the pair", members(error="none")),
    _pair("error_null", "error null beside the pair", members(error=None, error_description=None)),
    _pair("error_empty", "error empty beside the pair", members(error="", error_description="")),
    _pair("error_false", "error false beside the pair", members(error=False)),
    _pair("error_list", "error [] beside the pair", members(error=[])),
    _pair("more", "100 members more", members(**{f"odd{n}": n for n in range(100)})),
    _pair("more_first", "1 KB of members before the tokens",
          members_first(**{f"odd{n}": "x" * 20 for n in range(30)})),
    _pair("twice", "access_token twice", members_first(access_token="old")),
    _pair("token_type", "token_type BEARER", members(token_type="BEARER")),
    _pair("deep", "a member 200 levels deep", written("odd", "[" * 200 + "]" * 200)),
    _pair("large", "a member of 8 KB", members(odd="x" * 8192)),
    _pair("large_first", "a member of 8 KB before the tokens", members_first(odd="x" * 8192)),
    _pair("huge", "a member of 100 KB behind the tokens", members(odd="x" * 102400)),
    _pair("huge_first", "a member of 100 KB before the tokens", members_first(odd="x" * 102400),
          error="http_too_large", refused="64 KB of a body are read"),
    _pair("huge_blanks", "100 KB of blanks behind the JSON", around(b"", b" " * 102400)),
    _pair("unicode", "letters beyond ASCII", members(odd="\u041f\u0440 \U0001f600"),
          written("odd2", '"\u041f\U0001f600"')),
    _pair("invalid_utf8", "a member that is not UTF-8", written("odd", b'"\xcf\xf0\xe8"')),
    _pair("lone_surrogate", "half a surrogate pair", written("odd", '"\\ud83d"')),
    _pair("escaped", "a name with an escaped letter",
          body(lambda data: data.replace(b'"access_', b'"\\u0061ccess_', 1))),
    _pair("jwt", "tokens as JSON Web Tokens are", settings={"token_text": "jwt"}),
    _pair("visible", "tokens of all visible characters", settings={"token_text": "visible"}),
    _pair("short_tokens", "tokens of 32 characters", settings={"token_digits": 32}),
    _pair("long_tokens", "tokens of 704 characters", settings={"token_digits": 704}),
    _pair("very_long_tokens", "tokens of 2,048 characters", settings={"token_digits": 2048}),
)

_IMF = "%a, %d %b %Y %H:%M:%S "

DATES = (
    _row("date_rfc850", "the form of RFC 850", date("%A, %d-%b-%y %H:%M:%S GMT")),
    _row("date_asctime", "the form of asctime", date("%a %b %e %H:%M:%S %Y")),
    _row("date_zone", "local time with its zone", date(_IMF + "+0300", 3 * HOUR_S)),
    _row("date_local", "local time that says GMT", date(_IMF + "GMT", 3 * HOUR_S)),
    _row("date_behind", "three hours ago", date(_IMF + "GMT", -3 * HOUR_S)),
    _row("date_ahead", "30 years ahead", date(_IMF + "GMT", 30 * 365 * 24 * HOUR_S)),
    _row("date_1970", "1970", sets("Date", "Thu, 01 Jan 1970 00:00:00 GMT")),
    _row("date_words", "no date", sets("Date", "odd")),
    _row("date_none", "no Date", sets("Date")),
    _row("date_two", "two fields Date", adds("Date: Thu, 01 Jan 1970 00:00:00 GMT")),
)


def _failed(name: str, help: str, error: str, *edits: Edit, **more: Any) -> Row:
    """An error of which nothing was processed."""
    return _row(name, help, *edits, error=error, processed=False, **more)


def _lost(name: str, help: str, *edits: Edit) -> Row:
    """Processed, and the response is cut: the worst case, where the tokens were rotated."""
    return _row(name, help, *edits, error="code_unanswered", refresh="connection_lost")


ERRORS = (
    _failed("page_503", "503 with 20 KB of HTML", "server_busy", page(503, 20)),
    _failed("page_huge", "503 with 200 KB of HTML", "server_busy", page(503, 200)),
    _failed("page_endless", "502 with 200 KB of HTML, then closed", "server_error",
            page(502, 200), sets("Content-Length"), ends()),
    _failed("page_502", "502 with 8 KB of HTML", "server_error", page(502, 8)),
    _failed("page_429", "429 with 5 KB of HTML", "server_busy", page(429, 5)),
    _failed("page_302", "302 with 12 KB of HTML", "http_redirect",
            page(302, 12, "Location: /odd")),
    _failed("page_403", "403 with 6 KB of HTML", "http_status", page(403, 6)),
    _failed("page_chunks", "502 with 8 KB of HTML in chunks", "server_error", page(502, 8),
            chunks(1000)),
    _failed("page_close", "502 with 8 KB of HTML, then closed", "server_error", page(502, 8),
            sets("Content-Length"), ends()),
    _failed("page_gzip", "503 with a page in gzip", "server_busy", page(503, 20), coded("gzip")),
    _row("page_processed", "502 with 8 KB of HTML, and the request was processed", page(502, 8),
         error="server_error"),
    _failed("busy_seconds", "503 with Retry-After: 30", "server_busy",
            page(503, 0.2, "Retry-After: 30"), retry_s=(27, 60)),
    _failed("busy_date", "503 with Retry-After: the date in 40 s", "server_busy",
            page(503, 0.2, "Retry-After: {soon}"), retry_s=(35, 80)),
    _failed("busy_day", "429 with Retry-After: a day", "server_busy",
            page(429, 0.2, "Retry-After: 86400"), retry_s=(290, 330)),
    _failed("busy_zero", "503 with Retry-After: 0", "server_busy",
            page(503, 0.2, "Retry-After: 0"), retry_s=(0, 10)),
    _failed("busy_words", "503 with Retry-After: later", "server_busy",
            page(503, 0.2, "Retry-After: later"), retry_s=(0, 10)),
    _failed("description", "400 with 3 KB of error_description", "invalid_request",
            error(400, "invalid_request", "odd " * 768), any=False),
    _failed("description_first", "400 with 1 KB of error_description before the error",
            "invalid_request", error(400, "invalid_request", "odd"),
            members_first(odd="odd " * 300), any=False),
    _failed("description_grant", "invalid_grant with 3 KB of error_description", "code_rejected",
            error(400, "invalid_grant", "odd " * 768), refresh="invalid_grant", any=False),
    _lost("cut_all", "closed without a byte", parts(cut=0.0, close="notify")),
    _lost("cut_head", "cut in the head", parts(cut=0.1, close="notify")),
    _lost("cut_body", "cut in the body", parts(cut=0.5, close="notify")),
    _lost("cut_fin", "cut in the body, without close_notify", parts(cut=0.5, close="fin")),
    _lost("cut_reset", "cut in the body, with a reset", parts(cut=0.5, close="reset")),
    _lost("cut_chunk", "cut in a chunk", chunks(), parts(cut=0.5, close="notify")),
    _row("no_last_chunk", "closed without the last chunk", chunks(last=b""), ends()),
    _row("length_long", "Content-Length 10 too long, then closed", wrong_length(10), ends()),
    _pair("length_short", "Content-Length 10 too short", wrong_length(-10), error="bad_answer"),
    _pair("chunk_bad", "a chunk size that is none", chunks(line="odd"), ends(),
          error="http_malformed"),
    _row("not_http", "a body without a head", parts(status="{odd}"), ends(),
         error="http_malformed"),
)

TABLE = (*FIELDS, *STATUS_LINES, *LENGTHS, *CONNECTIONS, *CODINGS, *MEMBERS, *DATES, *ERRORS)


def find(name: str) -> Row:
    """Raises ValueError if there is no such oddity."""
    for row in TABLE:
        if row.name == name:
            return row
    raise ValueError(f"no oddity {name!r}, see GET /oddities")
