# SPDX-License-Identifier: Apache-2.0
"""Responses that a server may send, well-formed, odd and malformed, for judge.py.

A case is read as curl reads it, or refused as curl refuses it, unless its last column says how we
read it, or REFUSED. core/https/rfc.md has the reasons.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

REFUSED = (0, b"")
OK = b"HTTP/1.1 200 OK\r\n"
BODY = b'{"a":"b"}'  # 9 bytes
LENGTH = b"Content-Length: 9\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
CHUNKS = b"9\r\n" + BODY + b"\r\n0\r\n\r\n"
READ = (200, BODY)


@dataclass(frozen=True)
class Case:
    """A response, and how we read it where curl does not: status and body."""

    name: str
    response: bytes
    ours: tuple[int, bytes] | None = None


def with_length(fields: bytes, status: bytes = OK) -> bytes:
    """A response with a body of known length."""
    return status + fields + LENGTH + b"\r\n" + BODY


def until_close(fields: bytes, body: bytes = BODY) -> bytes:
    """A response whose body may end with the connection."""
    return OK + fields + b"\r\n" + body


def in_chunks(chunks: bytes, fields: bytes = b"") -> bytes:
    """A response in chunks."""
    return OK + CHUNKED + fields + b"\r\n" + chunks


STATUS_LINES = [  # RFC 9112 4
    Case("status line", with_length(b"")),
    Case("no reason", with_length(b"", b"HTTP/1.1 200\r\n")),
    Case("no reason, space", with_length(b"", b"HTTP/1.1 200 \r\n")),
    Case("reason in UTF-8", with_length(b"", b"HTTP/1.1 200 \xd0\x9e\xd0\x9a\r\n")),
    Case("reason in Latin-1", with_length(b"", b"HTTP/1.1 200 Tr\xe8s bien\r\n")),
    Case("reason with a NUL", with_length(b"", b"HTTP/1.1 200 O\0K\r\n"), READ),
    Case("reason with a CR", with_length(b"", b"HTTP/1.1 200 O\rK\r\n")),
    Case("reason with a tab", with_length(b"", b"HTTP/1.1 200\tOK\r\n")),
    Case("reason glued on", with_length(b"", b"HTTP/1.1 200OK\r\n")),
    Case("reason of 3000 bytes", with_length(b"", b"HTTP/1.1 200 " + b"x" * 3000 + b"\r\n")),
    Case("reason of 90000 bytes", with_length(b"", b"HTTP/1.1 503 " + b"x" * 90000 + b"\r\n")),
    Case("reason with a colon", with_length(b"", b"HTTP/1.1 200 Content-Length: 3\r\n")),
    Case("two spaces", with_length(b"", b"HTTP/1.1  200 OK\r\n")),
    Case("many spaces", with_length(b"", b"HTTP/1.1      200     OK   \r\n")),
    Case("tab before the status", with_length(b"", b"HTTP/1.1\t200 OK\r\n"), READ),
    Case("HTTP/1.0", with_length(b"", b"HTTP/1.0 200 OK\r\n")),
    Case("HTTP/1.2", with_length(b"", b"HTTP/1.2 200 OK\r\n"), READ),
    Case("HTTP/1.9", with_length(b"", b"HTTP/1.9 200 OK\r\n"), READ),
    Case("HTTP/1.10", with_length(b"", b"HTTP/1.10 200 OK\r\n"), READ),
    Case("HTTP/1.", with_length(b"", b"HTTP/1. 200 OK\r\n"), READ),
    Case("HTTP/1", with_length(b"", b"HTTP/1 200 OK\r\n"), READ),
    Case("HTTP/01.1", with_length(b"", b"HTTP/01.1 200 OK\r\n"), READ),
    Case("HTTP/0.9", with_length(b"", b"HTTP/0.9 200 OK\r\n"), READ),
    Case("HTTP/2", with_length(b"", b"HTTP/2 200\r\n")),
    Case("HTTP/2.0", with_length(b"", b"HTTP/2.0 200 OK\r\n")),
    Case("HTTP/3", with_length(b"", b"HTTP/3 200 OK\r\n"), READ),
    Case("http in lower case", with_length(b"", b"http/1.1 200 OK\r\n")),
    Case("Http", with_length(b"", b"Http/1.1 200 OK\r\n")),
    Case("HTTP without a version", with_length(b"", b"HTTP 200 OK\r\n")),
    Case("ICY", with_length(b"", b"ICY 200 OK\r\n")),
    Case("space before", with_length(b"", b" HTTP/1.1 200 OK\r\n")),
    Case("empty line before", with_length(b"", b"\r\nHTTP/1.1 200 OK\r\n"), READ),
    Case("LF before", with_length(b"", b"\n\nHTTP/1.1 200 OK\r\n"), READ),
    Case("byte order mark before", with_length(b"", b"\xef\xbb\xbfHTTP/1.1 200 OK\r\n")),
    Case("status of 1 digit", with_length(b"", b"HTTP/1.1 2 OK\r\n")),
    Case("status of 2 digits", with_length(b"", b"HTTP/1.1 20 OK\r\n")),
    Case("4 digits of status", with_length(b"", b"HTTP/1.1 2000 OK\r\n")),
    Case("status 000", with_length(b"", b"HTTP/1.1 000 OK\r\n")),
    Case("status 099", with_length(b"", b"HTTP/1.1 099 OK\r\n")),
    Case("status +20", with_length(b"", b"HTTP/1.1 +20 OK\r\n")),
    Case("status -20", with_length(b"", b"HTTP/1.1 -20 OK\r\n")),
    Case("status 2x0", with_length(b"", b"HTTP/1.1 2x0 OK\r\n")),
    Case("no status", with_length(b"", b"HTTP/1.1\r\n")),
    Case("no status, reason", with_length(b"", b"HTTP/1.1 OK\r\n")),
    Case("LF after the status", OK.replace(b"\r", b"") + LENGTH + b"\r\n" + BODY),
    Case("status line of CR CR LF", OK.replace(b"\r", b"\r\r") + LENGTH + b"\r\n" + BODY),
    *[Case(f"status {status}", with_length(b"", b"HTTP/1.1 %d Odd\r\n" % status))
      for status in (200, 201, 202, 203, 205, 206, 207, 226, 299, 300, 301, 302, 303, 305, 307,
                     308, 399, 400, 401, 402, 403, 404, 408, 410, 418, 421, 422, 429, 451, 499,
                     500, 501, 502, 503, 504, 511, 520, 599, 600, 700, 999)],
    Case("no HTTP", b"<html><body>hello</body></html>\n"),
    Case("SSH", b"SSH-2.0-OpenSSH_9.2\r\n"),
    Case("TLS alert", b"\x15\x03\x01\x00\x02\x02\x28"),
    Case("nothing", b""),
    Case("half a status line", b"HTTP/1.1 20"),
    Case("status line without an end", b"HTTP/1.1 200 OK"),
    Case("only a status line", b"HTTP/1.1 503 Busy\r\n", REFUSED),
    Case("head without an end", OK + LENGTH),
    Case("head without an end, close", OK + b"Connection: close\r\n", REFUSED),
]

FIELDS = [  # RFC 9112 2.2, 5; RFC 9110 5
    Case("folded field", with_length(b"Content-Security-Policy: default-src 'self';\r\n"
                                     b"  script-src 'self'\r\n")),
    Case("folded with a tab", with_length(b"A: b;\r\n\tc\r\n")),
    Case("folded twice", with_length(b"A: b;\r\n c;\r\n d\r\n")),
    Case("folded at once", with_length(b"A:\r\n b\r\n")),
    Case("folded, LF", with_length(b"A: b\n c\n")),
    Case("folded, blanks only", with_length(b"A: b\r\n \t \r\n")),
    Case("folded, like a field", with_length(b"A: b\r\n Content-Length: 3\r\n")),
    Case("folded, like a status line", with_length(b"A: b\r\n HTTP/1.1 500 X\r\n")),
    Case("folded, 100 lines", with_length(b"A: b\r\n" + b" cccccccccccccccccccc\r\n" * 100)),
    Case("folded, 1000 lines", with_length(b"A: b\r\n" + b" cccccccccccccccccccc\r\n" * 1000)),
    Case("folded, last", OK + LENGTH + b"A: b\r\n c\r\n\r\n" + BODY),
    Case("folded after Content-Length", OK + LENGTH + b" \r\n\r\n" + BODY),
    Case("folded Content-Length", OK + b"Content-Length:\r\n 9\r\n\r\n" + BODY, READ),
    Case("folded Transfer-Encoding", OK + b"Transfer-Encoding:\r\n chunked\r\n\r\n" + CHUNKS, READ),
    Case("folded list of codings",
         OK + b"Transfer-Encoding: identity,\r\n\tchunked\r\n\r\n" + CHUNKS, READ),
    Case("fold after the status line", with_length(b" A: b\r\n"), READ),
    Case("fold after the status line, Content-Length", until_close(b" Content-Length: 3\r\n"), READ),
    Case("fold after the status line, blanks", with_length(b" \r\n"), READ),
    Case("no colon", with_length(b"no colon\r\n"), READ),
    Case("no colon, one word", with_length(b"word\r\n"), READ),
    Case("no name", with_length(b": value\r\n")),
    Case("colon alone", with_length(b":\r\n")),
    Case("no value", with_length(b"A:\r\nB: \r\nC: \t \r\n")),
    Case("no blank before the value", OK + b"Content-Length:9\r\n\r\n" + BODY),
    Case("tabs and blanks around a value", OK + b"Content-Length: \t 9 \t \r\n\r\n" + BODY),
    Case("blank before the colon", OK + b"Content-Length : 9\r\n\r\n" + BODY),
    Case("tab before the colon", OK + b"Content-Length\t: 9\r\n\r\n" + BODY),
    Case("blank before the colon, too short", until_close(b"Content-Length : 5\r\n")),
    Case("blank before the colon, chunked", OK + b"Transfer-Encoding : chunked\r\n\r\n" + CHUNKS, READ),
    Case("name in upper case", OK + b"CONTENT-LENGTH: 9\r\n\r\n" + BODY),
    Case("name in lower case", OK + b"content-length: 9\r\n\r\n" + BODY),
    Case("name with odd characters", with_length(b"!#$%&'*+-.^_`|~0aZ: b\r\n")),
    Case("name with forbidden characters", with_length(b'a(b)<c>@,;\\"/[]?={}: b\r\n')),
    Case("name with a blank", with_length(b"A B: c\r\n")),
    Case("name in UTF-8", with_length(b"\xd0\x90: b\r\n")),
    Case("name with a control byte", with_length(b"A\x01B: c\r\n")),
    Case("name with a NUL", with_length(b"A\0B: c\r\n"), READ),
    Case("name that begins like one", with_length(b"Content-Length-Of: 3\r\nContent: 4\r\n")),
    Case("name that ends like one", with_length(b"X-Content-Length: 3\r\n")),
    Case("value in UTF-8", with_length(b"A: \xd0\x90\xd0\xb1\r\n")),
    Case("value in Latin-1", with_length(b"A: caf\xe9 \xff\r\n")),
    Case("value with a NUL", with_length(b"A: b\0c\r\n"), READ),
    Case("value with control bytes", with_length(b"A: b\x01\x02\x1f\x7fc\r\n")),
    Case("value with a CR", with_length(b"A: b\rc\r\n")),
    Case("value with a CR, like a field", with_length(b"A: b\rContent-Length: 3\r\n")),
    Case("value ends in CR", with_length(b"A: b\r\r\n")),
    Case("value with colons", with_length(b"A: b: c:: d\r\n")),
    Case("value of 2000 bytes", with_length(b"A: " + b"b" * 2000 + b"\r\n")),
    Case("value of 2047 bytes", with_length(b"A: " + b"b" * 2047 + b"\r\n")),
    Case("value of 5000 bytes", with_length(b"Set-Cookie: " + b"b" * 5000 + b"\r\n")),
    Case("value of 90000 bytes", with_length(b"A: " + b"b" * 90000 + b"\r\n")),
    Case("value of 5000 blanks", with_length(b"A:" + b" " * 5000 + b"b\r\n")),
    Case("name of 5000 bytes", with_length(b"a" * 5000 + b": b\r\n")),
    Case("line of 5000 bytes without a colon, folded", with_length(b"A: b\r\n " + b"c" * 5000 + b"\r\n")),
    Case("300 fields", with_length(b"".join(b"X-%d: value %d\r\n" % (i, i) for i in range(300)))),
    Case("3000 fields", with_length(b"".join(b"X-%d: value %d\r\n" % (i, i) for i in range(3000)))),
    Case("60 KB of fields", with_length(b"A: 0123456789abcdefghijklmnopqrst\r\n" * 1800)),
    Case("equal fields", with_length(b"Set-Cookie: a\r\n" * 30)),
    Case("lines of LF", (with_length(b"A: b\r\nB: c\r\n")).replace(b"\r\n", b"\n")),
    Case("last line of LF", OK + LENGTH + b"\n" + BODY),
    Case("lines of LF, then CRLF", OK + b"A: b\n" + LENGTH + b"\r\n" + BODY),
    Case("lines of CR", with_length(b"A: b\r\n").replace(b"\r\n", b"\r")),
    Case("lines of CR CR LF", (OK + LENGTH).replace(b"\r", b"\r\r") + b"\r\n" + BODY),
    Case("last line of CR CR LF", OK + LENGTH + b"\r\r\n" + BODY),
    Case("last line with a blank", OK + LENGTH + b"\r\n \r\n" + BODY),
    Case("no fields", OK + b"\r\n" + BODY),
    Case("status line again", OK + OK + LENGTH + b"\r\n" + BODY, READ),
    Case("fields of HTML", with_length(b"<html>: <body>\r\n")),
    *[Case(f"field with byte {byte:#04x}", with_length(b"A: b" + bytes([byte]) + b"c\r\n"))
      for byte in range(256) if byte not in (0, 10, 13)],
]

INTERIM = [  # RFC 9110 15.2
    *[Case(f"interim {status}", b"HTTP/1.1 %d X\r\n\r\n" % status + with_length(b""))
      for status in (100, 102, 103, 104, 199)],
    Case("interim 101", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n"
                        b"Connection: upgrade\r\n\r\n" + with_length(b""), REFUSED),
    Case("interim with fields", b"HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n"
                                b"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n" + with_length(b"")),
    Case("interim with framing", b"HTTP/1.1 103 Early Hints\r\nContent-Length: 100\r\n"
                                 b"Connection: close\r\n\r\n" + with_length(b"")),
    Case("interim in chunks", b"HTTP/1.1 103 X\r\nTransfer-Encoding: chunked\r\n\r\n"
         + with_length(b"")),
    Case("interim of HTTP/1.0", b"HTTP/1.0 100 Continue\r\n\r\n" + with_length(b"")),
    Case("interim, folded", b"HTTP/1.1 103 X\r\nA: b\r\n c\r\n\r\n" + with_length(b"")),
    Case("interim of LF", b"HTTP/1.1 100 Continue\n\n" + with_length(b"")),
    Case("2 interims", b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 X\r\n\r\n" + with_length(b"")),
    Case("9 interims", b"HTTP/1.1 103 X\r\n\r\n" * 9 + with_length(b"")),
    Case("100 interims", b"HTTP/1.1 103 X\r\n\r\n" * 100 + with_length(b"")),
    Case("interim, then an empty line", b"HTTP/1.1 100 X\r\n\r\n\r\n" + with_length(b""), READ),
    Case("interim alone", b"HTTP/1.1 100 Continue\r\n\r\n"),
    Case("interim, then no HTTP", b"HTTP/1.1 100 Continue\r\n\r\n<html></html>"),
]

WITHOUT_BODY = [  # RFC 9112 6.3
    *[Case(f"{status} {name}", b"HTTP/1.1 %d X\r\n" % status + rest)
      for status in (204, 304)
      for name, rest in (("alone", b"\r\n"), ("with a length", LENGTH + b"\r\n"),
                         ("with a body", LENGTH + b"\r\n" + BODY), ("in chunks", CHUNKED + b"\r\n"),
                         ("with chunks", CHUNKED + b"\r\n" + CHUNKS),
                         ("with length 0", b"Content-Length: 0\r\n\r\n"),
                         ("with a bad length", b"Content-Length: x\r\n\r\n"))],
    Case("205 with a body", with_length(b"", b"HTTP/1.1 205 Reset\r\n")),
    Case("205 with length 0", b"HTTP/1.1 205 Reset\r\nContent-Length: 0\r\n\r\n"),
]


def length_field(value: bytes, body: bytes = BODY) -> bytes:
    """A response with this Content-Length."""
    return until_close(b"Content-Length:" + value + b"\r\n", body)


LENGTHS = [  # RFC 9110 8.6, RFC 9112 6.2, 6.3
    Case("length", length_field(b" 9")),
    Case("length 0", length_field(b" 0", b"")),
    Case("length 0, body", length_field(b" 0")),
    Case("length with zeros", length_field(b" 0009")),
    Case("length with 30 zeros", length_field(b" " + b"0" * 30 + b"9")),
    Case("length with 1000 zeros", length_field(b" " + b"0" * 1000 + b"9")),
    Case("length with a sign", length_field(b" +9")),
    Case("length with two signs", length_field(b" ++9")),
    Case("length below 0", length_field(b" -9")),
    Case("length -0", length_field(b" -0")),
    Case("length empty", length_field(b"")),
    Case("length blank", length_field(b"  ")),
    Case("length of letters", length_field(b" nine")),
    Case("length in hex", length_field(b" 0x9")),
    Case("length with letters", length_field(b" 9abc")),
    Case("length with a fraction", length_field(b" 9.0")),
    Case("length with an exponent", length_field(b" 9e0")),
    Case("length with a semicolon", length_field(b" 9;")),
    Case("length in quotes", length_field(b' "9"')),
    Case("length of two numbers", length_field(b" 9 9")),
    Case("length as a list", length_field(b" 9, 9")),
    Case("length as a list, no blank", length_field(b" 9,9,9")),
    Case("length as a list that disagrees", length_field(b" 9, 5")),
    Case("length as a list with an empty element", length_field(b" 9, ,")),
    Case("length as a list, empty first", length_field(b" , 9")),
    Case("length in another script", length_field(b" \xd9\xa9")),
    Case("two lengths", until_close(LENGTH + LENGTH)),
    Case("three lengths", until_close(LENGTH + b"Content-Length: 009\r\n" + LENGTH)),
    Case("two lengths that disagree", until_close(b"Content-Length: 3\r\n" + LENGTH)),
    Case("two lengths that disagree, the less last", until_close(LENGTH + b"Content-Length: 3\r\n")),
    Case("two lengths, one bad", until_close(LENGTH + b"Content-Length: x\r\n")),
    Case("two lengths, the first bad", until_close(b"Content-Length: x\r\n" + LENGTH)),
    Case("two lengths, 0 first", until_close(b"Content-Length: 0\r\n" + LENGTH)),
    Case("length 2^31", length_field(b" 2147483648")),
    Case("length 2^32", length_field(b" 4294967296")),
    Case("length 2^32 + 9", length_field(b" 4294967305")),
    Case("length of 18 digits", length_field(b" 900000000000000000")),
    Case("length 2^63", length_field(b" 9223372036854775808")),
    Case("length 2^64 + 9", length_field(b" 18446744073709551625")),
    Case("length of 100 digits", length_field(b" " + b"9" * 100)),
    Case("length too short", length_field(b" 5")),
    Case("length too long", length_field(b" 10")),
    Case("length, no body", length_field(b" 9", b"")),
    Case("bytes after the body", length_field(b" 9", BODY + b"HTTP/1.1 500 X\r\n\r\n")),
    Case("CRLF after the body", length_field(b" 9", BODY + b"\r\n")),
    Case("body of 2046 bytes", length_field(b" 2046", b"b" * 2046)),
    Case("body of 2047 bytes", length_field(b" 2047", b"b" * 2047)),
    Case("body of 2048 bytes", length_field(b" 2048", b"b" * 2048)),
    Case("body of 20000 bytes", length_field(b" 20000", b"b" * 20000)),
    Case("body of 65536 bytes", length_field(b" 65536", b"b" * 65536)),
    Case("body of 65537 bytes", length_field(b" 65537", b"b" * 65537)),
    Case("body of 300000 bytes", length_field(b" 300000", b"b" * 300000)),
    Case("body of 400000 bytes", length_field(b" 400000", b"b" * 400000)),
    Case("body of all bytes", length_field(b" 256", bytes(range(256)))),
]

CLOSE = [  # RFC 9112 6.3, 8
    Case("until close", until_close(b"")),
    Case("until close, empty", until_close(b"", b"")),
    Case("until close, HTTP/1.0", b"HTTP/1.0 200 OK\r\n\r\n" + BODY),
    Case("until close, close", until_close(b"Connection: close\r\n")),
    Case("until close, keep-alive", until_close(b"Connection: keep-alive\r\n")),
    Case("until close, NULs", until_close(b"", b"\0a\0")),
    Case("until close, 20000 bytes", until_close(b"", b"b" * 20000)),
    Case("until close, 400000 bytes", until_close(b"", b"b" * 400000)),
    Case("until close, like a response", until_close(b"", with_length(b""))),
    Case("until close, like chunks", until_close(b"", CHUNKS)),
]

OTHERWISE = {"17 digits": READ, "60 zeros": READ, "size in 0x": (200, b""),
             "trailer without a colon": READ, "trailer with framing": READ,
             "trailer of 5000 bytes": READ, "ends after the last line": READ,
             "ends in the trailer": READ, "2^32": REFUSED}
CHUNKED_BODIES = [  # RFC 9112 7.1
    Case(f"chunks: {name}", in_chunks(chunks), OTHERWISE.get(name)) for name, chunks in {
        "one": CHUNKS,
        "two": b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
        "of 1 byte": b"1\r\nx\r\n" * 300 + b"0\r\n\r\n",
        "empty": b"0\r\n\r\n",
        "no bytes": b"",
        "upper case": b"A\r\n0123456789\r\n0\r\n\r\n",
        "lower case": b"a\r\n0123456789\r\n0\r\n\r\n",
        "zeros": b"0009\r\n" + BODY + b"\r\n000\r\n\r\n",
        "16 digits": b"0000000000000009\r\n" + BODY + b"\r\n0\r\n\r\n",
        "17 digits": b"00000000000000009\r\n" + BODY + b"\r\n0\r\n\r\n",
        "60 zeros": b"0" * 60 + b"9\r\n" + BODY + b"\r\n0\r\n\r\n",
        "last of 16 zeros": b"9\r\n" + BODY + b"\r\n0000000000000000\r\n\r\n",
        "extension": b"9;a=b\r\n" + BODY + b"\r\n0;c\r\n\r\n",
        "quoted extension": b'9;a="b;c,\\"d"\r\n' + BODY + b"\r\n0\r\n\r\n",
        "blanks around an extension": b"9 ; a = b \r\n" + BODY + b"\r\n0 \r\n\r\n",
        "extension of 5000 bytes": b"9;a=" + b"b" * 5000 + b"\r\n" + BODY + b"\r\n0\r\n\r\n",
        "extension with odd bytes": b"9;\0\x01\xff\r \r\n" + BODY + b"\r\n0\r\n\r\n",
        "extension without a semicolon": b"9abc\r\n" + BODY + b"\r\n0\r\n\r\n",
        "words after the size": b"9 bytes\r\n" + BODY + b"\r\n0\r\n\r\n",
        "size, comma": b"9,\r\n" + BODY + b"\r\n0\r\n\r\n",
        "size in 0x": b"0x9\r\n" + BODY + b"\r\n0\r\n\r\n",
        "blank before the size": b" 9\r\n" + BODY + b"\r\n0\r\n\r\n",
        "sign before the size": b"+9\r\n" + BODY + b"\r\n0\r\n\r\n",
        "size below 0": b"-9\r\n" + BODY + b"\r\n0\r\n\r\n",
        "no size": b"\r\n" + BODY + b"\r\n0\r\n\r\n",
        "extension without a size": b";a\r\n" + BODY + b"\r\n0\r\n\r\n",
        "no hex": b"xyz\r\n" + BODY + b"\r\n0\r\n\r\n",
        "LF": b"9\n" + BODY + b"\n0\n\n",
        "LF after the size": b"9\n" + BODY + b"\r\n0\r\n\r\n",
        "LF after the data": b"9\r\n" + BODY + b"\n0\r\n\r\n",
        "LF at the end": b"9\r\n" + BODY + b"\r\n0\r\n\n",
        "CR CR LF": b"9\r\r\n" + BODY + b"\r\r\n0\r\n\r\n",
        "CR alone": b"9\r" + BODY + b"\r0\r\r",
        "data too long": b"5\r\n" + BODY + b"\r\n0\r\n\r\n",
        "data too short": b"b\r\n" + BODY + b"\r\n0\r\n\r\n",
        "no line end after the data": b"9\r\n" + BODY + b"0\r\n\r\n",
        "blank after the data": b"9\r\n" + BODY + b" \r\n0\r\n\r\n",
        "empty line after the data": b"9\r\n" + BODY + b"\r\n\r\n0\r\n\r\n",
        "2^31": b"80000000\r\n" + BODY,
        "2^32": b"100000000\r\n" + BODY,
        "2^63": b"8000000000000000\r\n" + BODY,
        "2^64": b"10000000000000000\r\n" + BODY,
        "2^64 - 1": b"ffffffffffffffff\r\n" + BODY,
        "trailer": b"9\r\n" + BODY + b"\r\n0\r\nA: b\r\nC: d\r\n\r\n",
        "trailer of LF": b"9\r\n" + BODY + b"\r\n0\r\nA: b\n\n",
        "trailer, folded": b"9\r\n" + BODY + b"\r\n0\r\nA: b\r\n c\r\n\r\n",
        "trailer without a colon": b"9\r\n" + BODY + b"\r\n0\r\nabc\r\n\r\n",
        "trailer with framing": b"9\r\n" + BODY + b"\r\n0\r\nContent-Length: 3\r\n\r\n",
        "trailer of 5000 bytes": b"9\r\n" + BODY + b"\r\n0\r\nA: " + b"b" * 5000 + b"\r\n\r\n",
        "trailer, blank line": b"9\r\n" + BODY + b"\r\n0\r\n \r\n\r\n",
        "ends after the size": b"9\r\n",
        "ends in the data": b"9\r\n" + BODY[:5],
        "ends after the data": b"9\r\n" + BODY,
        "ends after a chunk": b"9\r\n" + BODY + b"\r\n",
        "ends after the last size": b"9\r\n" + BODY + b"\r\n0",
        "ends after the last line": b"9\r\n" + BODY + b"\r\n0\r\n",
        "ends in the trailer": b"9\r\n" + BODY + b"\r\n0\r\nA: b\r\n",
        "bytes after the end": CHUNKS + b"more",
        "a response after the end": CHUNKS + with_length(b""),
        "20000 bytes": b"4e20\r\n" + b"b" * 20000 + b"\r\n0\r\n\r\n",
        "20 of 1000 bytes": (b"3e8\r\n" + b"b" * 1000 + b"\r\n") * 20 + b"0\r\n\r\n",
        "400000 bytes": b"61a80\r\n" + b"b" * 400000 + b"\r\n0\r\n\r\n",
        "no chunks at all": BODY,
    }.items()
]

CODINGS = [  # RFC 9112 6.1, RFC 9110 8.4
    *[Case(f"transfer coding {value.decode()}",
           OK + b"Transfer-Encoding: " + value + b"\r\n\r\n" + CHUNKS, ours)
      for ours, values in (
          (None, (b"chunked", b"Chunked", b"CHUNKED", b"chunked,", b",chunked", b", ,chunked , ",
                  b"identity, chunked", b"chunked, identity", b"chunked, chunked")),
          (READ, (b"chunked;a=b", b"chunked ;a=b", b"chunked x", b"chunked\0")),
          ((200, CHUNKS), (b"xchunked", b"chunkedx", b'"chunked"', b"\x0bchunked")))
      for value in values],
    *[Case(f"transfer coding {value.decode() or 'empty'}, no chunks",
           OK + b"Transfer-Encoding: " + value + b"\r\n" + LENGTH + b"\r\n" + BODY, ours)
      for ours, values in (
          (None, (b"", b"identity")),
          (READ, (b"gzip", b"x-gzip", b"deflate", b"br", b"compress", b"odd")))
      for value in values],
    Case("transfer coding identity, length too short",
         until_close(b"Transfer-Encoding: identity\r\nContent-Length: 5\r\n")),
    Case("transfer coding identity, length too long",
         until_close(b"Content-Length: 50\r\nTransfer-Encoding: identity\r\n")),
    Case("transfer codings in two fields",
         OK + b"Transfer-Encoding: identity\r\n" + CHUNKED + b"\r\n" + CHUNKS),
    Case("chunked in two fields", OK + CHUNKED + CHUNKED + b"\r\n" + CHUNKS),
    Case("chunked and length", in_chunks(CHUNKS, LENGTH)),
    Case("chunked and another length", in_chunks(CHUNKS, b"Content-Length: 3\r\n")),
    Case("length and chunked", OK + LENGTH + CHUNKED + b"\r\n" + CHUNKS),
    Case("chunked and a bad length", in_chunks(CHUNKS, b"Content-Length: x\r\n"), READ),
    Case("chunked, HTTP/1.0", in_chunks(CHUNKS).replace(b"/1.1", b"/1.0")),
    Case("chunked, keep-alive, HTTP/1.0",
         in_chunks(CHUNKS, b"Connection: keep-alive\r\n").replace(b"/1.1", b"/1.0")),
    Case("chunked, close", in_chunks(CHUNKS, b"Connection: close\r\n")),
    *[Case(f"content coding {value.decode() or 'empty'}",
           with_length(b"Content-Encoding: " + value + b"\r\n"))
      for value in (b"", b"identity", b"gzip", b"x-gzip", b"deflate", b"br", b"zstd", b"compress",
                    b"gzip, br", b"utf-8", b"none", b"chunked", b"aws-chunked")],
    Case("gzip", OK + b"Content-Encoding: gzip\r\nContent-Length: 10\r\n\r\n"
         b"\x1f\x8b\x08\0\0\0\0\0\0\x03"),
    Case("gzip in chunks", in_chunks(b"3\r\n\x1f\x8b\x08\r\n0\r\n\r\n",
                                     b"Content-Encoding: gzip\r\n")),
    Case("gzip of a 503", with_length(b"Content-Encoding: gzip\r\n", b"HTTP/1.1 503 Busy\r\n")),
]

CONNECTION = [  # RFC 9112 9.3
    *[Case(f"connection {value.decode() or 'empty'}, {version.decode()}",
           with_length(b"Connection: " + value + b"\r\n", version + b" 200 OK\r\n"))
      for version in (b"HTTP/1.1", b"HTTP/1.0")
      for value in (b"", b"close", b"Close", b"keep-alive", b"Keep-Alive", b"close, keep-alive",
                    b"keep-alive, close", b"x, close", b"closed", b";", b",,", b"upgrade")],
    Case("connection twice", with_length(b"Connection: close\r\nConnection: keep-alive\r\n")),
    Case("connection twice, close last",
         with_length(b"Connection: keep-alive\r\nConnection: close\r\n")),
    Case("Keep-Alive", with_length(b"Keep-Alive: timeout=5, max=100\r\n")),
]


def combined() -> list[Case]:
    """Whatever does not stand alone: each framing with each line end, field, status and body."""
    fields = {"plain": b"A: b\r\n", "folded": b"A: b\r\n c: d\r\n", "empty": b"A:\r\n",
              "long": b"A: " + b"b" * 2100 + b"\r\n"}
    statuses = {"200": OK, "1.0 200": b"HTTP/1.0 200\r\n", "400": b"HTTP/1.1 400 Bad Request\r\n",
                "103 503": b"HTTP/1.1 103 X\r\nA: b\r\n\r\nHTTP/1.1 503 Busy\r\n"}
    found = []
    for status, field, size in itertools.product(statuses, fields, (0, 1, 9, 2047, 2048, 9000)):
        body = (BODY * 1000)[:size]
        head = statuses[status] + fields[field]
        framings = {"length": b"Content-Length: %d\r\n\r\n%b" % (size, body),
                    "close": b"\r\n" + body,
                    "chunks": CHUNKED + b"\r\n" + (b"%x\r\n%b\r\n" % (size, body) if size else b"")
                    + b"0\r\n\r\n"}
        for framing, rest in framings.items():
            found.append(Case(f"{status}, {field} field, {framing} {size}", head + rest))
            if size in (0, 9):
                found.append(Case(f"{status}, {field} field, {framing} {size}, LF",
                                  (head + rest).replace(b"\r\n", b"\n")))
    return found


ALL = [*STATUS_LINES, *FIELDS, *INTERIM, *WITHOUT_BODY, *LENGTHS, *CLOSE, *CHUNKED_BODIES, *CODINGS,
       *CONNECTION, *combined()]
