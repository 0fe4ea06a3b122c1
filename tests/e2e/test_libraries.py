# SPDX-License-Identifier: Apache-2.0
"""boards/host/lib: the libraries for programs in C and Python, and their examples."""

from __future__ import annotations

import functools
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

from keeper import PATIENT_S, PROGRAM, PYTHON, ROOT, ProvisionedCase
from scripted import Connection, Service

LIBRARY = ROOT / "boards/host/lib"
HERE = Path(__file__).parent
sys.path.insert(0, str(LIBRARY))
sys.dont_write_bytecode = True
import tokenkeeper  # noqa: E402

EXPORTED = ["tk_consumer_call", "tk_consumer_get", "tk_consumer_rejected"]
ROW = {"TITLE": "\u0414\u0435\u043b\u043e \U0001f600", "OPENED": False, "DATE": "2026-11-29T12:00:00+03:00"}


@functools.cache
def built() -> Path:
    """A folder with the test program and the example, compiled with the library's source."""
    place = tempfile.TemporaryDirectory(prefix="tk-lib-")
    built.place = place
    for source in (HERE / "consumer.c", LIBRARY / "example.c"):
        subprocess.run(["cc", "-std=c99", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-pthread",
                        "-fsanitize=undefined", "-fno-sanitize-recover", "-D_GNU_SOURCE",
                        f"-I{LIBRARY}", source, LIBRARY / "libtokenkeeper.c",
                        "-o", Path(place.name) / source.stem], check=True)
    return Path(place.name)


class Consumer:
    """The test program at a socket."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def run(self, *arguments: object, program: str = "consumer",
            **env: str) -> subprocess.CompletedProcess:
        return subprocess.run([built() / program, *map(str, arguments)], capture_output=True,
                              text=True, timeout=PATIENT_S, check=False, close_fds=True,
                              env={"TOKENKEEPER_SOCKET": str(self.path)} | env)

    def values(self, *arguments: object, **env: str) -> dict[str, str]:
        done = self.run(*arguments, **env)
        return dict(re.findall(r"(?m)(\w+)=(\S*(?: \S+)*?)(?= \w+=|$)", done.stdout),
                    status=str(done.returncode))


class LibraryTokens(ProvisionedCase):
    """Tokens of the real service."""

    def setUp(self) -> None:
        super().setUp()
        self.c = Consumer(self.k.socket)
        self.python = tokenkeeper.Client(str(self.k.socket))

    def test_get(self) -> None:
        want = self.k.get_json()
        got = self.c.values("get", 60)
        token = self.python.get()
        for name in ("access_token", "client_endpoint", "portal", "user_id", "member_id", "scope",
                     "generation", "expires_at"):
            self.assertEqual(got[name], str(want[name]), name)
            self.assertEqual(getattr(token, name), want[name], name)
        self.assertNotIn(token.access_token, repr(token))

    def test_short(self) -> None:
        self.assertEqual(self.c.values("get", 4000000)["short"], "1")
        self.assertTrue(self.python.get(4000000).short)

    def test_rejected(self) -> None:
        self.restart()  # a refresh is permitted at once
        self.assertEqual(self.c.values("rejected", 1)["generation"], "2")
        self.assertEqual(self.python.get(rejected=1).generation, 2)
        got = self.c.values("rejected", 2)
        self.assertEqual((got["status"], got["code"]), ("6", "too_soon"))
        self.assertGreater(int(got["retry_in"]), 0)
        with self.assertRaises(tokenkeeper.TryLater) as caught:
            self.python.get(rejected=2)
        self.assertEqual((caught.exception.code, caught.exception.exit), ("too_soon", 6))
        self.assertGreater(caught.exception.retry_in, 0)

    def test_errors(self) -> None:
        self.k.must("ref add empty")
        for ref, code, status, kind in (
                ("empty", "no_client", 5, tokenkeeper.OperatorRequired),
                ("missing", "no_such_ref", 4, tokenkeeper.NoSuchRef)):
            with self.subTest(ref):
                got = self.c.values("get", 60, TK_REF=ref)
                self.assertEqual((got["status"], got["code"]), (str(status), code))
                with self.assertRaises(kind) as caught:
                    tokenkeeper.Client(str(self.k.socket), ref=ref).get()
                error = caught.exception
                self.assertEqual((error.code, error.exit, error.words),
                                 (code, status, got["words"]))
        self.assertEqual(self.c.values("get", 60, TK_REF='"')["code"], "no_such_ref")

    def test_no_service(self) -> None:
        self.k.end()
        for path in (self.k.socket, self.k.home / "x" / "y", self.k.home / ("x" * 200)):
            with self.subTest(path):
                got = Consumer(path).values("get", 60)
                self.assertEqual((got["status"], got["code"]), ("3", "no_service"))
                self.assertEqual(Consumer(path).values("call", "profile")["status"], "3")
                client = tokenkeeper.Client(str(path))
                for ask in (client.get, lambda client=client: client.call("profile")):
                    with self.assertRaises(tokenkeeper.NoService):
                        ask()

    def test_many_threads(self) -> None:
        self.assertIn("got=160", self.c.run("threads", 8).stdout)
        tokens = []
        threads = [threading.Thread(target=lambda: tokens.append(self.python.get()))
                   for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENT_S)
        self.assertEqual({token.generation for token in tokens}, {1})
        self.assertEqual(len(tokens), 16)


class ScriptedCase(unittest.TestCase):
    """A service that a test plays."""

    def setUp(self) -> None:
        place = tempfile.TemporaryDirectory(prefix="tk-lib-")
        self.addCleanup(place.cleanup)
        self.path = Path(place.name) / "socket"
        self.c, self.python = Consumer(self.path), tokenkeeper.Client(str(self.path))

    def serve(self, *handlers) -> Service:
        service = Service(self.path, *handlers)
        self.addCleanup(service.close)
        return service

    def serve_answer(self, first: bytes | dict, **members: object) -> Service:
        def handle(connection: Connection) -> None:
            service.take(connection)
            connection.answer(first, **members)
        service = self.serve(handle)
        return service

    def assert_error(self, code: str, status: int, outcome: str, **env: str) -> None:
        """Of a call of crm.lead.add, in both languages."""
        got = self.c.values("call", "crm.lead.add", "{}", **env)
        names = ("not_sent", "unknown", "done")
        self.assertEqual((got["code"], got["exit"], names[int(got["outcome"])]),
                         (code, str(status), outcome))
        with self.assertRaises(tokenkeeper.Error) as caught:
            self.python.call("crm.lead.add", timeout=int(env.get("TK_TIMEOUT", 75)))
        error = caught.exception
        self.assertEqual((error.code, error.exit, error.outcome), (code, status, outcome))


class LibraryCalls(ScriptedCase):

    def test_a_result(self) -> None:
        body = {"result": [ROW] * 2000, "next": 50, "total": 1234}
        first = json.dumps(body).encode()
        service = self.serve_answer(first, next=50, total=1234, last_id="9007199254740993",
                                    operating=1.25)
        done = self.c.run("call", "crm.deal.list", '{"start":-1}')
        self.assertEqual(done.stdout, "outcome=2 status=200 has_next=1 next=50 total=1234 "
                         f"last_id=9007199254740993 operating=1 length={len(first)}\n")
        self.assertEqual(json.loads(done.stderr), body)
        answer = self.python.answer("crm.deal.list", {"start": -1, "x": ROW}, reads=True, wait=3)
        self.assertEqual((answer.result, answer.next, answer.total, answer.last_id,
                          answer.operating, answer.status, answer.body),
                         (body["result"], 50, 1234, "9007199254740993", 1.25, 200, first))
        (request, sent), (other, other_sent) = service.requests
        self.assertEqual(request, {"op": "call", "method": "crm.deal.list", "timeout": 75,
                                   "length": 12})
        self.assertEqual(sent, b'{"start":-1}')
        self.assertEqual((other["reads"], other["wait"]), (1, 3))
        self.assertEqual(json.loads(other_sent), {"start": -1, "x": ROW})

    def test_a_body_of_any_length(self) -> None:
        service = self.serve_answer({"result": 1})
        for length in (2, 1048576):
            self.assertEqual(self.c.values("call", "x", f"@{length}")["status"], "0")
            self.assertEqual(len(service.requests[-1][1]), length)
        self.assertEqual(self.c.values("call", "x", "@1048577")["code"], "bad_value")
        self.assertEqual(self.python.call("x", {"a": "x" * 1000000}), 1)

    def test_methods(self) -> None:
        for method in ("", "a/b", "api/", "api/a/b", "a?b", 'a"', "x" * 65, "a\nb"):
            self.assertEqual(self.c.values("call", method)["code"], "bad_value")
        service = self.serve_answer({"result": 1})
        for method in ("a_b.C1", "x" * 64, "api/tasks.task.get"):
            self.assertEqual(self.c.values("call", method)["status"], "0")
            self.assertEqual(service.requests[-1][0]["method"], method)

    def test_an_error_of_the_portal(self) -> None:
        first = {"error": "ERROR_CORE", "error_description": "\u043d\u0435\u0442"}
        self.serve_answer(first, ok=False, status=400, error="ERROR_CORE", words="a\"\\\x01\u00e9",
                          exit=7)
        self.assert_error("ERROR_CORE", 7, "done")
        self.assertEqual(self.c.values("call", "x")["words"], "a\"\\\x01\u00e9")
        with self.assertRaises(tokenkeeper.Refused) as caught:
            self.python.call("x")
        self.assertEqual(json.loads(caught.exception.answer), first)

    def test_a_limit(self) -> None:
        self.serve_answer(b"", ok=False, outcome="not_sent", status=0, error="rest_limit",
                          words="later", exit=6, retry_in=17)
        self.assert_error("rest_limit", 6, "not_sent")
        self.assertEqual(self.c.values("call", "x", TK_WAIT="-1")["retry_in"], "17")
        with self.assertRaises(tokenkeeper.TryLater) as caught:
            self.python.call("x")
        self.assertEqual(caught.exception.retry_in, 17)

    def test_an_error_before_the_whole_body(self) -> None:
        """The service does not read on."""
        def handle(connection: Connection) -> None:
            connection.greet()
            connection.answer(b"", ok=False, outcome="not_sent", error="not_allowed", words="no",
                              exit=5)
            connection.file.read(1)
        self.serve(handle)
        self.assertEqual(self.c.values("call", "x", "@1048576")["code"], "not_allowed")
        with self.assertRaises(tokenkeeper.OperatorRequired):
            self.python.call("x", {"a": "x" * 1000000})

    def test_refused_at_the_greeting(self) -> None:
        def handle(connection: Connection) -> None:
            connection.send(b'{"ok":false,"error":"not_allowed","words":"no","exit":5}\n')
        self.serve(handle)
        self.assert_error("not_allowed", 5, "not_sent")
        self.assertEqual(self.c.values("get", 60)["code"], "not_allowed")

    def test_a_service_that_closes_before_it_reads(self) -> None:
        def close(_: Connection) -> None:
            pass

        def answer(connection: Connection) -> None:
            service.take(connection)
            connection.answer({"result": 7})
        service = self.serve(close, close, answer, close, answer)
        self.assertEqual(self.c.values("call", "x", "@1000000")["status"], "0")
        self.assertEqual(self.python.call("x"), 7)
        self.assertEqual(len(service.requests), 2)

    def test_a_service_that_ends_within_the_answer(self) -> None:
        whole = b'{"ok":true,"outcome":"done"}'
        answer = b"12\n" + b'{"result":1}' + b"0\n28\n" + whole + b"0\n"
        for length in range(0, len(answer), 3):
            def handle(connection: Connection, length: int = length) -> None:
                service.take(connection)
                connection.send(answer[:length])
            self.path.unlink(missing_ok=True)
            service = Service(self.path, handle)
            with self.subTest(answer[:length]):
                self.assert_error("unknown_outcome", 8, "unknown")
                self.assertEqual(len(service.requests), 2)  # no call is repeated
            service.close()

    def test_what_is_no_answer(self) -> None:
        for answer in (b"-1\n", b"1025\n" + b"x" * 1025, b"x\n", b"\n", b"1x\n", b"9" * 4000):
            def handle(connection: Connection, answer: bytes = answer) -> None:
                service.take(connection)
                connection.send(answer)
            self.path.unlink(missing_ok=True)
            service = Service(self.path, handle)
            with self.subTest(answer[:10]):
                self.assert_error("unknown_outcome", 8, "unknown")
            service.close()

    def test_what_is_no_json(self) -> None:
        for last in (b"", b"{", b"[]", b"{}", b'{"ok":true', b'{"ok":false}', b'{"ok":false,"error":"\\',
                     b'{"ok":false,"error":"\\u12', b'{"ok":false,"error":"x","exit":0}', b'"'):
            def handle(connection: Connection, last: bytes = last) -> None:
                service.take(connection)
                connection.send_part({"result": 1})
                connection.send_part(last)
            self.path.unlink(missing_ok=True)
            service = Service(self.path, handle)
            with self.subTest(last):
                self.assertEqual(self.c.values("call", "x")["status"],
                                 "0" if last == b'{"ok":true' else "70")
                with self.assertRaises(tokenkeeper.Error) as caught:
                    self.python.call("x")
                self.assertEqual(caught.exception.exit, 70)
            service.close()

    def test_the_program_ends_the_call(self) -> None:
        self.serve_answer(b"x" * 100000)
        got = self.c.values("call", "x", "{}", "stop")
        self.assertEqual((got["code"], got["outcome"], got["length"]), ("cancelled", "1", "1024"))

    def test_timeouts(self) -> None:
        done = threading.Event()
        self.addCleanup(done.set)

        def greet(connection: Connection) -> None:
            connection.greet()
            done.wait(PATIENT_S)
        self.serve(greet)
        began = time.monotonic()
        got = self.c.values("get", 60, TK_TIMEOUT="-1")
        self.assertEqual((got["status"], got["code"]), ("6", "no_answer"))
        self.assertGreater(time.monotonic() - began, 1)
        done.set()

    def test_a_service_that_has_no_place(self) -> None:
        for one in (listener := socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)):
            self.addCleanup(one.close)
            if one is listener:
                one.bind(str(self.path))
                one.listen(0)
            else:
                one.connect(str(self.path))
        self.assertEqual(self.c.values("get", 60, TK_TIMEOUT="-1")["code"], "no_answer")
        with self.assertRaises(tokenkeeper.TryLater):
            self.python.get(timeout=-1)


class LibraryRows(ScriptedCase):
    """call_all."""

    def serve_rows(self, count: int, key: str = "ID", shape=lambda rows: rows,
                   page: int = 50) -> Service:
        def handle(connection: Connection) -> None:
            service.take(connection)
            filters = json.loads(service.requests[-1][1])["filter"]
            first = int(filters[f">{key}"]) + 1
            end = min(first + page, count + 1)
            rows = [dict(ROW, **{key: str(i)}) for i in range(first, end)]
            more = {"next": page} if page < 50 and end <= count else {}
            connection.answer({"result": shape(rows)}, **more)
        service = self.serve(handle)
        return service

    def test_all_rows(self) -> None:
        service = self.serve_rows(120)
        rows = list(self.python.call_all("crm.deal.list", {
            "select": ["TITLE"], "filter": {"%TITLE": "x"}}))
        self.assertEqual([row["ID"] for row in rows], [str(i) for i in range(1, 121)])
        bodies = [json.loads(body) for _, body in service.requests]
        self.assertEqual([body["filter"][">ID"] for body in bodies], [0, 50, 100])
        self.assertEqual(bodies[0] | {"filter": None}, {
            "select": ["TITLE", "ID"], "filter": None, "order": {"ID": "ASC"}, "start": -1})
        self.assertEqual(bodies[0]["filter"]["%TITLE"], "x")

    def test_shapes(self) -> None:
        for method, key, items, shape in (
                ("crm.item.list", "id", None, lambda rows: {"items": rows}),
                ("tasks.task.list", "ID", "tasks", lambda rows: {"x": [], "tasks": rows})):
            self.path.unlink(missing_ok=True)
            with self.subTest(method):
                self.serve_rows(60, key, shape)
                rows = list(self.python.call_all(method, items_key=items))
                self.assertEqual(len(rows), 60)

    def test_a_whole_last_page(self) -> None:
        service = self.serve_rows(100)
        self.assertEqual(len(list(self.python.call_all("x.list"))), 100)
        self.assertEqual(len(service.requests), 3)

    def test_short_pages_that_say_that_rows_follow(self) -> None:
        service = self.serve_rows(60, page=20)
        self.assertEqual(len(list(self.python.call_all("x.list"))), 60)
        self.assertEqual(len(service.requests), 3)

    def test_limit_and_after(self) -> None:
        service = self.serve_rows(1000)
        rows = list(self.python.call_all("x.list", after=200, limit=60))
        self.assertEqual((rows[0]["ID"], rows[-1]["ID"]), ("201", "260"))
        self.assertEqual(len(service.requests), 2)
        self.assertEqual(list(self.python.call_all("x.list", limit=0)), [])

    def test_rows_come_a_page_at_a_time(self) -> None:
        service = self.serve_rows(1000)
        rows = self.python.call_all("x.list")
        next(rows)
        rows.close()
        self.assertEqual(len(service.requests), 1)

    def test_what_would_never_end_or_lose_rows(self) -> None:
        for key, result in (("no_ids", [{"TITLE": "x"}] * 50), ("same", [{"ID": 1}] * 50),
                            ("down", [{"ID": 100 - i} for i in range(50)])):
            self.path.unlink(missing_ok=True)
            with self.subTest(key):
                self.serve_answer({"result": result})
                with self.assertRaises(tokenkeeper.Error) as caught:
                    list(self.python.call_all("x.list"))
                self.assertEqual((caught.exception.code, caught.exception.exit), ("not_sorted", 2))

    def test_a_method_that_does_not_filter(self) -> None:
        self.serve_answer({"result": [{"ID": i} for i in range(1, 51)]})
        rows = self.python.call_all("x.list")
        self.assertEqual([next(rows)["ID"] for _ in range(50)], list(range(1, 51)))
        with self.assertRaises(tokenkeeper.Error) as caught:
            next(rows)
        self.assertEqual(caught.exception.code, "not_sorted")

    def test_nothing_and_no_list(self) -> None:
        for result, code in (([], None), (None, None), (False, None), ({"items": []}, None),
                             ({"a": 1}, "no_list"), ("text", "no_list")):
            self.path.unlink(missing_ok=True)
            with self.subTest(repr(result)):
                self.serve_answer({"result": result})
                try:
                    self.assertEqual(list(self.python.call_all("x.list")), [])
                    found = None
                except tokenkeeper.Error as error:
                    found = error.code
                self.assertEqual(found, code)

    def test_what_a_caller_may_not_give(self) -> None:
        for params in ({"order": {}}, {"START": 0}, {"filter": {">id": 5}}):
            with self.assertRaises(tokenkeeper.Error) as caught:
                list(self.python.call_all("x.list", params))
            self.assertEqual((caught.exception.code, caught.exception.exit), ("bad_value", 2))


class LibraryExamples(ScriptedCase):

    def test_c(self) -> None:
        def handle(connection: Connection) -> None:
            service.take(connection)
            connection.answer(b'{"result":37}')
        service = self.serve(handle)
        title = 'A "lead"\\ \u0416\n'
        done = self.c.run(title, program="example")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, '{"result":37}', ""))
        self.assertEqual(json.loads(service.requests[0][1]), {"fields": {"TITLE": title}})

    def test_python(self) -> None:
        self.serve_answer({"result": [{"ID": "7", "TITLE": "x"}, {"ID": "9", "TITLE": "y"}]})
        done = subprocess.run([PYTHON, LIBRARY / "example.py", "1000"], capture_output=True,
                              text=True, timeout=PATIENT_S, check=False,
                              env={"TOKENKEEPER_SOCKET": str(self.path),
                                   "PYTHONDONTWRITEBYTECODE": "1"})
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "7 x\n9 y\n", ""))

    def test_the_document(self) -> None:
        """Its command and its program, as they stand there."""
        text = (LIBRARY / "README.md").read_text()
        command = text[text.index("cc boards/"):].split("\n")[0].split()
        program = self.path.with_name("made")
        subprocess.run([*command[:-1], program], cwd=ROOT, check=True)
        done = subprocess.run([program], env={"TOKENKEEPER_SOCKET": str(self.path)},
                              capture_output=True, timeout=PATIENT_S, check=False)
        self.assertEqual(done.returncode, 3)
        service = self.serve_answer(b"", ok=False, outcome="not_sent", error="rest_limit",
                                    words="later", exit=6, retry_in=7)
        done = subprocess.run([PYTHON, "-c", re.search(r"(?s)```python\n(.*?)```", text)[1]],
                              env={"TOKENKEEPER_SOCKET": str(self.path), "PYTHONPATH": str(LIBRARY),
                                   "PYTHONDONTWRITEBYTECODE": "1"},
                              capture_output=True, text=True, timeout=PATIENT_S, check=False)
        self.assertEqual((done.stdout, done.stderr), ("again in 7 s\n", ""))
        self.assertEqual(service.requests[0][0]["ref"], "shop")

    def test_no_service(self) -> None:
        done = self.c.run("A lead", program="example")
        self.assertEqual((done.returncode, done.stdout), (3, ""))
        self.assertIn("no_service: ", done.stderr)


class LibraryPortal(ProvisionedCase):
    """REST calls of the real service, which calls our Bitrix24."""

    settings = {"limit_rate": 0.0, "deals": 230}
    FIELDS = {"TITLE": "+ \u0436\U0001f600\"\\\n", "OPENED": False, "COMMENTS": None, "LIST": [],
              "DATE": "2026-11-29T12:00:00+03:00", "N": 1.5, "NUMBER": "007"}

    def setUp(self) -> None:
        super().setUp()
        self.c = Consumer(self.k.socket)
        self.python = tokenkeeper.Client(str(self.k.socket))

    def test_values_arrive(self) -> None:
        body = {"fields": self.FIELDS}
        done = self.c.run("call", "crm.lead.add", json.dumps(body))
        self.assertEqual(done.returncode, 0, done.stdout)
        made = json.loads(done.stderr)["result"]
        self.assertEqual(self.python.call("crm.lead.add", body), made + 1)
        calls = [call["params"] for call in self.b24.calls() if call["method"] == "crm.lead.add"]
        self.assertEqual(calls, [body] * 2)

    def test_all_rows(self) -> None:
        rows = list(self.python.call_all("crm.deal.list", {"select": ["TITLE"]}))
        self.assertEqual(len(rows), 230)
        printed = self.k.run("call", "crm.deal.list", "--all", "select[]=TITLE").stdout
        self.assertEqual([json.loads(line) for line in printed.splitlines()], rows)
        items = list(self.python.call_all("crm.item.list", {"entityTypeId": 2}, limit=70))
        self.assertEqual(len(items), 70)

    def test_an_error_of_the_portal(self) -> None:
        got = self.c.values("call", "crm.no.such.get", TK_TIMEOUT="8")  # without a body
        self.assertEqual((got["exit"], got["code"], got["outcome"]),
                         ("7", "ERROR_METHOD_NOT_FOUND", "2"))
        with self.assertRaises(tokenkeeper.Refused) as caught:
            self.python.call("crm.no.such.get")
        self.assertEqual((caught.exception.code, caught.exception.outcome),
                         ("ERROR_METHOD_NOT_FOUND", "done"))

    def test_one_refresh_for_all_threads(self) -> None:
        self.restart()  # a refresh is permitted at once
        self.b24.expire()
        results: list[object] = []
        threads = [threading.Thread(target=lambda: results.append(self.python.call("profile")))
                   for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENT_S)
        self.assertEqual(len(results), 8)
        self.assertEqual(len(self.requests("refresh")), 1)

    def test_the_examples(self) -> None:
        done = self.c.run("A lead", program="example")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn('"result":', done.stdout)
        listed = subprocess.run([PYTHON, LIBRARY / "example.py", "0"], capture_output=True,
                                text=True, timeout=PATIENT_S, check=False,
                                env=self.k.env | {"PYTHONDONTWRITEBYTECODE": "1"})
        self.assertEqual((listed.returncode, listed.stderr), (0, ""))
        self.assertGreater(len(listed.stdout.splitlines()), 100)


class LibraryBuilt(unittest.TestCase):
    """The shared library of the build."""

    def output(self, *command: object) -> str:
        library = Path(PROGRAM).parent / "libtokenkeeper.so"
        return subprocess.run([*command, library], capture_output=True, text=True,
                              check=True).stdout

    def test_soname(self) -> None:
        self.assertIn("soname: [libtokenkeeper.so.1]", self.output("readelf", "-d"))

    def test_symbols(self) -> None:
        names = re.findall(r" [A-Z] (\w+)$", self.output("nm", "-D", "--defined-only"), re.M)
        self.assertEqual(sorted(names), EXPORTED)
        header = (LIBRARY / "libtokenkeeper.h").read_text()
        self.assertEqual(sorted(re.findall(r"(?m)^int (\w+)\(", header)), EXPORTED)

    def test_no_globals(self) -> None:
        """Data that can be written would be shared by threads."""
        symbols = self.output("nm")
        ours = [line for line in symbols.splitlines()
                if re.search(r" [bBdDC] (?!_|completed|__)", line) and "san" not in line]
        self.assertEqual(ours, [])

    def test_needs_the_c_library_alone(self) -> None:
        needed = re.findall(r"NEEDED.*\[(.*?)\]", self.output("readelf", "-d"))
        self.assertEqual([name for name in needed if not re.match(r"libc\.|lib(a|t|ub)san", name)],
                         [])


if __name__ == "__main__":
    os.environ.setdefault("PYTHONDONTWRITEBYTECODE", "1")
    unittest.main()
