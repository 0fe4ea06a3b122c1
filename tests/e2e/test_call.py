# SPDX-License-Identifier: Apache-2.0
"""`tokenkeeper call`, and the REST calls of PROTOCOL.md behind it."""

import json
import os
import pwd
import select
import shutil
import socket
import subprocess
import threading
import time
import unittest

from keeper import PATIENT_S, PROGRAM, ProvisionedCase
from protocol import Client

OTHER = pwd.getpwnam("nobody")
LEAD = "crm.lead.add"
ADD = (LEAD, "fields[TITLE]=x")
LARGEST = 2**20 - 10  # bytes in a body
# Calls of each of 8 threads; with 25 of them the portal's limit takes 75 s.
CALLS = int(os.environ.get("TK_E2E_CALLS", "7"))


class CallCase(ProvisionedCase):
    settings = {"limit_rate": 0.0, "deals": 230}

    def call(self, *arguments: str, **options) -> subprocess.CompletedProcess:
        return self.k.run("call", *arguments, **options)

    def must(self, *arguments: str, **options):
        done = self.call(*arguments, **options)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(done.stdout.count("\n"), 1)
        return json.loads(done.stdout)

    def rows(self, *arguments: str, **options) -> list:
        return [json.loads(line) for line in self.call(*arguments, **options).stdout.splitlines()]

    def refused(self, status: int, error: str, *arguments: str, **options) -> str:
        done = self.call(*arguments, **options)
        self.assertEqual((done.returncode, done.stdout), (status, ""), done.stderr)
        self.assertRegex(done.stderr, rf"\Atokenkeeper: {error}")
        return done.stderr

    def executed(self, method: str) -> int:
        return int(self.b24.state()["counters"].get(f"executed.{method}", 0))

    def refreshes(self) -> int:
        return len(self.requests("refresh"))


class Calls(CallCase):

    def test_a_result_on_one_line(self) -> None:
        self.assertEqual(self.must("user.current")["NAME"], "Test")
        raw = self.call("--raw", "profile").stdout
        self.assertEqual(json.loads(raw)["result"], self.must("profile"))
        self.assertEqual(self.must("app.info")["STATUS"], "L")
        self.assertEqual(self.must("profile", "-", input="\n{ }\n"), self.must("profile"))

    def test_values_arrive_as_curl_sends_them(self) -> None:
        fields = {"TITLE": "+ \u0436\U0001f600\"\\\n", "OPENED": False, "COMMENTS": None,
                  "LIST": [], "DATE": "2026-11-29T12:00:00+03:00", "N": 1.5, "NUMBER": "007",
                  "PHONE": [{"VALUE": "1", "VALUE_TYPE": "WORK"}, {"VALUE": "true"}]}
        body = {"fields": fields}
        url = f"https://{self.b24.portal}/rest/{LEAD}"
        subprocess.run(["curl", "-s", "--cacert", self.b24.ca, "--json", "@-", url], check=True,
                       input=json.dumps(body | {"auth": self.k.get().stdout.strip()}), text=True,
                       stdout=subprocess.DEVNULL)
        (self.k.home / "title").write_text(fields["TITLE"])
        self.must(LEAD, f"fields[TITLE]=@{self.k.home / 'title'}", "fields[OPENED]:=false",
                  "fields[COMMENTS]:=null", "fields[LIST]:=[]",
                  "fields[DATE]=2026-11-29T12:00:00+03:00", "fields[N]:=1.5",
                  "fields[NUMBER]=007", "fields[PHONE][0][VALUE]=1",
                  "fields[PHONE][][VALUE]=true", "fields[PHONE][0][VALUE_TYPE]=WORK")
        self.must(LEAD, "-", input=json.dumps(body))
        calls = [call["params"] for call in self.b24.calls() if call["method"] == LEAD]
        self.assertEqual(calls, [body] * 3)

    def test_exit_statuses(self) -> None:
        self.refused(7, "ERROR_METHOD_NOT_FOUND: Method not found", "crm.no.such.get")
        self.refused(4, "no_such_ref", "profile", "--ref", "nobody")
        self.refused(3, "no_service", "profile", "--socket", "/nonexistent")
        self.refused(2, "bad_body", "profile", "Auth=x")
        self.refused(2, "bad_body", "profile", "-", input='{"\\u0061ccess_token":1}')
        for wrong in (("pro/file",), (), ("profile", "x"), ("profile", "-", "a=1"),
                      ("profile", "a:=b"), ("profile", "--limit", "1"), ("profile", "--wait", "x"),
                      ("profile", "--all", "--raw"), ("--batch", "x", "profile")):
            self.assertEqual(self.call(*wrong).returncode, 2, wrong)
        for status in "2345678":
            self.assertRegex(self.k.run("--help").stdout, rf"[ (]{status} ")
        self.must_forget()
        self.refused(5, "needs_code", "profile")

    def must_forget(self) -> None:
        self.k.must("auth forget")

    def test_errors_as_json(self) -> None:
        done = self.call("--json", "crm.no.such.get")
        error = json.loads(done.stderr)
        self.assertEqual((error["ok"], error["error"], error["exit"], error["outcome"],
                          error["status"]),
                         (False, "ERROR_METHOD_NOT_FOUND", 7, "done", 404))
        self.assertEqual(error["error_description"], "Method not found!")
        self.b24.fault("portal", "status", status=400,
                       body='{"error":"X","error_description":"\\"\\u041d\\"\\\\"}')
        said = json.loads(self.call("--json", LEAD).stderr)
        self.assertEqual((said["error"], said["error_description"]), ("X", '"\u041d"\\'))

    def test_the_portals_words(self) -> None:
        self.b24.fault("portal", "status", status=400, body='{"error":"","error_description":'
                       '"\\u041d\\u0435 \\u0442\\u0430\\u043a\\n\\u001b"}')
        self.assertIn("\u041d\u0435 \u0442\u0430\u043a  \n", self.refused(7, "", LEAD))
        words = json.dumps(f"\u009b1m \u00e9\u009f {self.k.get().stdout.strip()}, {'b' * 39}")
        self.b24.fault("portal", "status", status=400,
                       body=f'{{"error":"X","error_description":{words}}}')
        self.assertEqual(self.refused(7, "X", LEAD),
                         f"tokenkeeper: X:   1m \u00e9   ..., {'b' * 39}\n")

    def test_a_code_of_the_portal_that_is_one_of_ours(self) -> None:
        self.b24.fault("portal", "status", status=400, body='{"error":"busy"}', count=-1)
        self.refused(7, "busy", *ADD)
        self.assertEqual(len(self.requests(f"rest.{LEAD}")), 1)

    def test_a_file_that_is_too_large(self) -> None:
        file = self.k.home / "large"
        file.write_bytes(b"x" * (1048576 + 1))
        done = self.call(LEAD, f"fields[F]=@{file}")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (
            2, "", f"tokenkeeper: {file} is longer than 1048576 bytes, the most that a call takes\n"))

    def test_nothing_is_sent_by_a_dry_run(self) -> None:
        done = self.call("--dry-run", "crm.deal.list", "--all", "select[]=TITLE",
                         "--socket", "/nonexistent")
        self.assertEqual(done.stdout, 'POST /rest/crm.deal.list\n{"select":["TITLE","ID"],'
                         '"filter":{">ID":0},"order":{"ID":"ASC"},"start":-1}\n')
        self.assertEqual((done.returncode, self.executed("crm.deal.list")), (0, 0))

    def test_the_limits_of_the_portal(self) -> None:
        self.b24.bill("profile", 480)
        words = self.refused(6, "rest_limit", "profile", "--timeout", "10")
        self.assertRegex(words, r"try again in \d+ s\n")
        self.assertEqual(self.must("user.current")["ID"], "1")
        self.b24.fault("portal", "error", code="QUERY_LIMIT_EXCEEDED")
        self.refused(6, "rest_limit", "user.current", "--wait", "0")
        self.assertEqual(self.must("user.current")["ID"], "1")

    def test_a_token_that_ends_amid_calls(self) -> None:
        """One refresh, an answer for each, and none is done twice."""
        wrong: list = []
        barrier = threading.Barrier(8)

        def work(number: int) -> None:
            with Client(self.k.socket) as client:
                barrier.wait()
                for i in range(CALLS):
                    if number == i == 4:
                        self.b24.set(old_access_grace_s=0.0)
                        self.b24.expire()
                    answer = client.call(LEAD, {"fields": {"TITLE": f"{number}.{i}"}})
                    if not answer[1]["ok"]:
                        wrong.append(answer)

        before = self.refreshes()
        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])
        self.assertEqual(self.refreshes() - before, 1)
        titles = [call["params"]["fields"]["TITLE"] for call in self.b24.calls()
                  if call["method"] == LEAD and call["executed"]]
        self.assertEqual(sorted(titles), sorted(f"{n}.{i}" for n in range(8) for i in range(CALLS)))


class Certainty(CallCase):
    """What a caller learns where the server dies, and how often the method runs."""

    def test_lost_answers(self) -> None:
        self.b24.fault("portal", "lost_answer")
        self.refused(8, "unknown_outcome", *ADD)
        self.assertEqual(self.executed(LEAD), 1)
        self.b24.fault("portal", "lost_answer")
        self.must("user.current")
        self.assertGreaterEqual(self.executed("user.current"), 2)
        self.b24.fault("portal", "lost_answer")
        self.must("--safe", *ADD)
        self.b24.fault("portal", "refuse", count=2)
        self.must(*ADD)

    def test_a_server_that_dies_at_any_byte(self) -> None:
        done, methods = 0, 0
        for byte in (0, 1, 12, 40, 120, 200, 300, 400):
            for kind in ("close_at", "reset_at"):
                self.b24.fault("portal", kind, byte=byte)
                with self.subTest(kind, byte=byte):
                    answer = self.call("--json", *ADD)
                    methods += 1
                    self.assertIn(answer.returncode, (0, 8))
                    if answer.returncode == 8:
                        self.assertEqual(json.loads(answer.stderr)["outcome"], "unknown")
                    done += answer.returncode == 0
                self.b24.clear_faults()
        self.assertEqual(self.executed(LEAD), methods)
        self.assertLess(done, methods)

    def test_a_service_that_dies(self) -> None:
        for call, status in (("profile",), 6), (ADD, 8):
            self.b24.fault("portal", "stall_at", byte=0)
            before = self.executed(call[0])
            with subprocess.Popen([PROGRAM, "call", *call], env=self.k.env,
                                  stderr=subprocess.DEVNULL) as client:
                self.k.wait_for(lambda: self.executed(call[0]) > before)
                self.k.kill()
                self.assertEqual(client.wait(PATIENT_S), status)
            self.b24.clear_faults()
            self.k.start()

    def test_services_that_close_before_they_greet(self) -> None:
        """Those began nothing: the client tries again until one answers."""
        path = str(self.k.home / "other")
        greeting, end = b'{"tokenkeeper":2}\n', b'{"ok":true}\n'
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
            listener.listen()
            with subprocess.Popen([PROGRAM, "call", *ADD, "--socket", path], env=self.k.env,
                                  stdout=subprocess.DEVNULL) as client:
                connection, _ = listener.accept()
                with connection, connection.makefile("rb") as file:
                    file.read(len(greeting))
                    file.read(json.loads(file.readline())["length"])
                connection, _ = listener.accept()
                with connection:
                    connection.sendall(greeting + b"0\n%d\n%s0\n" % (len(end), end))
                    self.assertEqual(client.wait(PATIENT_S), 0)

    def test_a_client_that_waited_for_its_place_has_less_time(self) -> None:
        path = str(self.k.home / "other")
        busy, other = (b'{"tokenkeeper":2}\n0\n%d\n%s0\n' % (len(error), error) for error in
                       (b'{"ok":false,"error":"busy","exit":6}', b'{"ok":false,"error":"x","exit":5}'))
        timeouts = []
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
            listener.listen()
            with subprocess.Popen([PROGRAM, "call", *ADD, "--timeout", "1", "--socket", path],
                                  env=self.k.env, stderr=subprocess.DEVNULL) as client:
                while timeouts[-1:] != [0]:
                    connection, _ = listener.accept()
                    with connection, connection.makefile("rb") as file:
                        file.readline()
                        request = json.loads(file.readline())
                        timeouts.append(request["timeout"])
                        file.read(request["length"])
                        connection.sendall(busy if timeouts[-1] else other)
                self.assertEqual(client.wait(PATIENT_S), 5)
        self.assertEqual(timeouts[0], 1)

    def test_a_body_is_sent_within_the_timeout(self) -> None:
        """Also to a service that reads it piece by piece."""
        path, received = str(self.k.home / "other"), 0
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
            listener.listen()
            with subprocess.Popen([PROGRAM, "call", LEAD, "-", "--timeout", "0", "--socket", path],
                                  env=self.k.env, stdin=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL) as client:
                client.stdin.write(b'{"a":"' + LARGEST * b"x" + b'"}')
                client.stdin.close()
                connection, _ = listener.accept()
                with connection:
                    while client.poll() is None and received < LARGEST:
                        received += len(connection.recv(8192))
                        time.sleep(0.05)
                self.assertEqual(client.wait(PATIENT_S), 6)
        self.assertLess(received, LARGEST / 2)

    def test_no_answers_of_the_method(self) -> None:
        for fault, status in (({"kind": "garbage"}, 8), ({"kind": "status", "status": 502}, 8),
                              ({"kind": "status", "status": 200, "process": True}, 8),
                              ({"kind": "truncate", "byte": 30}, 8)):
            self.b24.fault("portal", **fault)
            with self.subTest(fault):
                self.assertEqual(self.call(*ADD).returncode, status)
        self.assertLessEqual(self.executed(LEAD), 4)


class Lists(CallCase):

    def test_all_rows(self) -> None:
        rows = self.rows("crm.deal.list", "--all", "select[]=TITLE")
        ids = [int(row["ID"]) for row in rows]
        self.assertEqual((len(ids), sorted(set(ids))), (230, ids))
        self.assertEqual(set(rows[0]), {"ID", "TITLE"})
        pages = [call["params"] for call in self.b24.calls() if call["method"] == "crm.deal.list"]
        self.assertEqual(len(pages), 5)
        self.assertEqual({page["start"] for page in pages}, {-1})
        items = self.rows("crm.item.list", "--all", "entityTypeId:=2", "select[]=title")
        self.assertEqual([item["id"] for item in items], ids)
        some = self.rows("crm.deal.list", "--all", "--after", str(ids[99]), "--limit", "60")
        self.assertEqual([int(row["ID"]) for row in some], ids[100:160])
        self.assertEqual(self.rows("crm.deal.list", "--all", "filter[ID]=0"), [])

    def test_where_to_go_on(self) -> None:
        done = self.call("crm.deal.list", "--all", "--limit", "3")
        last = json.loads(done.stdout.splitlines()[-1])["ID"]
        self.assertEqual(done.stderr,
                         f"tokenkeeper: the last ID is {last}; --after {last} goes on\n")

    def test_an_answer_that_is_cut(self) -> None:
        """Whole rows only, and the rest with --after."""
        self.b24.fault("portal", "close_at", path="/rest/crm.deal.list", skip=1, byte=2500)
        done = self.call("crm.deal.list", "--all", "select[]=TITLE")
        self.assertEqual(done.returncode, 6, done.stderr)
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertTrue(50 < len(rows) < 100, len(rows))
        self.assertIn(f"--after {rows[-1]['ID']} goes on", done.stderr)
        rows += self.rows("crm.deal.list", "--all", "--after", rows[-1]["ID"])
        self.assertEqual(len({row["ID"] for row in rows}), 230)
        self.assertEqual(len(rows), 230)

    def test_methods_that_do_not_page_by_id(self) -> None:
        full = [{"ID": str(i)} for i in range(1, 51)]
        for result, words in (
                ([{"X": 1}] * 50, "--id-key"), (list(reversed(full)), "--id-key"),
                ({"ID": "1", "PHONE": full}, "--items-key"), ({"a": 1}, "--items-key"),
                ([1, 2], "--items-key")):
            self.b24.fault("portal", "status", status=200, body=json.dumps({"result": result}))
            with self.subTest(words):
                done = self.call("x.list", "--all")
                self.assertEqual(done.returncode, 2)
                self.assertIn(words, done.stderr)
        self.b24.fault("portal", "status", status=200, count=2, body=json.dumps({"result": full}))
        done = self.call("x.list", "--all")  # its filter is ignored
        self.assertEqual((done.returncode, len(done.stdout.splitlines())), (2, 50))
        self.assertIn("does not filter by ID", done.stderr)
        pages = [{"result": full[:20], "next": 20}, {"result": full[20:40], "next": 40},
                 {"result": full[40:]}]
        for page in pages:
            self.b24.fault("portal", "status", status=200, body=json.dumps(page))
        self.assertEqual(self.rows("x.list", "--all"), full)
        for page in ({"result": full[:20], "next": 20}, {"result": [], "next": 20}):
            self.b24.fault("portal", "status", status=200, body=json.dumps(page))
        self.assertEqual(self.rows("x.list", "--all"), full[:20])
        for result in ([], {"items": []}, False, None, full[:7], {"orders": full[:7]}):
            self.b24.fault("portal", "status", status=200, body=json.dumps({"result": result}))
            self.assertEqual(self.call("x.list", "--all").returncode, 0)

    def test_a_reader_that_has_seen_enough(self) -> None:
        shell = f"{PROGRAM} call crm.deal.list --all | head -n 1; echo ${{PIPESTATUS[0]}}"
        done = subprocess.run(["bash", "-c", shell], env=self.k.env, capture_output=True, text=True,
                              timeout=PATIENT_S, check=True)
        self.assertEqual((done.stdout.splitlines()[1:], done.stderr), (["0"], ""))

    def test_a_disk_that_is_full(self) -> None:
        with open("/dev/full", "w", encoding="ascii") as full:
            done = subprocess.run([PROGRAM, "call", "profile"], env=self.k.env, stdout=full,
                                  stderr=subprocess.PIPE, text=True, check=False)
        self.assertEqual(done.returncode, 70)
        self.assertIn("No space", done.stderr)

    def test_a_closed_output(self) -> None:
        """The connection to the service does not take its place."""
        for command in ("get", "call profile"):
            done = subprocess.run(["sh", "-c", f"{PROGRAM} {command} >&-"], env=self.k.env,
                                  timeout=PATIENT_S, check=False, stderr=subprocess.DEVNULL)
            self.assertEqual(done.returncode, 70, command)


class Batches(CallCase):

    def batch(self, *commands: dict, options: tuple = (), status: int = 0) -> list:
        done = self.call(*options, "--batch", "-", input="\n".join(map(json.dumps, commands)))
        self.assertEqual(done.returncode, status, done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def test_references(self) -> None:
        title = "a&b=+ \u0436\U0001f600"
        rows = self.batch(
            {"id": "a", "method": LEAD, "params": {"fields": {"TITLE": title, "OPENED": False}}},
            {"id": "b", "method": "crm.lead.get", "params": {"id": {"ref": "a"}}},
            {"id": 3, "method": "crm.lead.list", "params": {"filter": {"ID": {"ref": "b.ID"}}}})
        self.assertEqual([row["id"] for row in rows], ["a", "b", 3])
        self.assertEqual((rows[1]["result"]["TITLE"], rows[2]["result"][0]["TITLE"]),
                         (title, title))

    def test_errors_of_commands(self) -> None:
        commands = ({"id": "a", "method": "no.such"}, {"id": "b", "method": "profile"})
        rows = {row["id"]: row for row in self.batch(*commands, status=7)}
        self.assertEqual(rows["a"]["error"], "ERROR_METHOD_NOT_FOUND")
        self.assertEqual(rows["b"]["result"]["NAME"], "Test")
        rows = {row["id"]: row for row in self.batch(*commands, options=("--halt",), status=7)}
        self.assertEqual(rows["b"]["error"], "not_run")

    def test_results_that_are_missing(self) -> None:
        """Only after an error that ends the batch it is certain that a command was not run."""
        results = {"a": 1}, {"a": "x" * (16 << 20)}
        for parts, error in ((results[0], "unknown_outcome"), (results[1], "too_large")):
            self.b24.fault("portal", "status", status=200,
                           body=json.dumps({"result": {"result": parts}}))
            rows = self.batch({"id": "a", "method": LEAD}, {"id": "b", "method": LEAD}, status=7)
            self.assertEqual(rows[-1 if error != "too_large" else 0]["error"], error)

    def test_more_than_fifty(self) -> None:
        commands = [{"id": i, "method": LEAD, "params": {"fields": {"TITLE": i}}}
                    for i in range(120)]
        self.assertEqual([row["id"] for row in self.batch(*commands)], list(range(120)))
        self.assertEqual(self.executed(LEAD), 120)
        self.assertEqual(len(self.requests("rest.batch")), 3)

    def test_lines_that_are_wrong(self) -> None:
        for command in ({"method": "x", "params": {"a": []}}, {"method": "x/y"}, {"id": 1},
                        {"id": "a", "method": "x", "params": {"a": {"ref": "a"}}}):
            self.assertEqual(self.batch(command, status=2), [])
        self.assertEqual(self.call("--batch", "/nonexistent").returncode, 2)
        self.assertEqual(self.requests("rest.batch"), [])


class Service(CallCase):
    """The socket itself."""

    def test_an_answer_has_two_parts(self) -> None:
        with Client(self.k.socket) as client:
            body, end = client.call("crm.deal.list", {"select": ["ID"]})
            self.assertEqual(len(json.loads(body)["result"]), 50)
            last = json.loads(body)["result"][-1]["ID"]
            self.assertEqual((end["ok"], end["outcome"], end["status"], end["next"], end["total"],
                              end["last_id"]), (True, "done", 200, 50, 230, last))
            for request, error in (({"method": "pro/file"}, "bad_value"), ({}, "bad_value"),
                                   ({"method": "batch.json"}, "bad_value"),
                                   ({"method": "profile", "ref": "x"}, "no_such_ref")):
                client.send({"op": "call", "length": 3} | request)
                client.send(b"\n{}")
                self.assertEqual(client.answer_of_call()[1]["error"], error)
            for text in (b'{"a":[1,}', b'{"a":1}}', b'{"a":01}', b"[]"):
                client.send({"op": "call", "method": "profile", "length": len(text)})
                client.send(text)
                self.assertEqual(client.answer_of_call()[1]["error"], "bad_body", text)
            self.assertTrue(client.ask({"op": "get"})["ok"])
            client.send({"op": "call", "method": "profile"})
            self.assertTrue(client.answer_of_call()[1]["ok"])

    def test_lines_that_are_wrong(self) -> None:
        for request in ({"length": 2**20 + 1}, {"length": "1"}, {"method": 1}, {"reads": 2},
                        {"wait": -1}, {"timeout": 3601}, {"min_valid": 1}):
            with self.subTest(request), Client(self.k.socket) as client:
                client.send({"op": "call"} | request)
                body, end = client.answer_of_call()
                self.assertEqual((body, end["outcome"], end["exit"]), (b"", "not_sent", 2))
                self.assertTrue(client.ended())

    def test_a_client_that_reads_late(self) -> None:
        """3 MB of an answer wait at the portal, not in the service."""
        cmd = {f"c{i}": "crm.deal.list" for i in range(50)}
        self.must("profile")
        before = self.k.peak_kb()
        with Client(self.k.socket) as client:
            client.start_call("batch", {"cmd": cmd})
            self.k.wait_for(lambda: self.b24.calls()[-1]["executed"])
            self.assertEqual(self.k.get().returncode, 0)
            body, end = client.answer_of_call()
            self.assertTrue(end["ok"])
        self.assertGreater(len(body), 2_000_000)
        self.assertEqual(len(json.loads(body)["result"]["result"]), 50)
        self.assertLess(self.k.peak_kb() - before, 600)

    def test_slow_ones_delay_no_others(self) -> None:
        """One that reads nothing, and one whose answer takes long, of the same user and portal."""
        self.b24.fault("portal", "delay", path="/rest/" + LEAD, seconds=50)
        with Client(self.k.socket) as stuck, Client(self.k.socket) as late:
            stuck.start_call("batch", {"cmd": {f"c{i}": "crm.deal.list" for i in range(50)}})
            late.start_call(LEAD, {"fields": {"TITLE": "x"}})
            self.k.wait_for(lambda: self.executed(LEAD) + self.executed("crm.deal.list") == 51)
            for _ in range(3):
                self.must("user.current")
            self.assertEqual(self.k.get().returncode, 0)
            self.assertEqual(len(self.rows("crm.deal.list", "--all", "--limit", "150")), 150)
            self.assertEqual(select.select([late.socket], [], [], 0)[0], [])

    def test_clients_that_leave(self) -> None:
        self.b24.fault("portal", "delay", seconds=1)
        with Client(self.k.socket) as client:
            client.start_call(LEAD, {"fields": {"TITLE": "sent"}})
            self.k.wait_for(lambda: self.executed(LEAD) == 1)
        with Client(self.k.socket) as client:
            client.send({"op": "call", "method": LEAD, "length": 100})
            client.send(b'{"fields":')
        self.must("profile")
        self.assertEqual(self.executed(LEAD), 1)

    def test_too_many_calls(self) -> None:
        clients = [Client(self.k.socket) for _ in range(9)]
        try:
            for client in clients:
                client.send({"op": "call", "method": "profile", "length": 2})
            self.assertEqual(clients[8].answer_of_call()[1]["error"], "busy")
            for client in clients[:8]:
                client.send(b"{}")
                self.assertTrue(client.answer_of_call()[1]["ok"])
        finally:
            for client in clients:
                client.close()

    def test_the_service_ends(self) -> None:
        self.b24.fault("portal", "stall_at", byte=0)
        with Client(self.k.socket) as client:
            client.start_call(LEAD, {"fields": {"TITLE": "x"}})
            self.k.wait_for(lambda: self.executed(LEAD) == 1)
            self.assertEqual(self.k.end(), 0)
            self.assertEqual(client.answer_of_call()[1]["outcome"], "unknown")


@unittest.skipUnless(os.geteuid() == 0, "needs root to run as another user")
class Access(CallCase):

    def setUp(self) -> None:
        rules = self.enterContext(open(f"/tmp/tk-access-{os.getpid()}", "w", encoding="ascii"))
        rules.write(f"user {OTHER.pw_name} accounts=token call=crm.*,user.current\n")
        rules.flush()
        self.addCleanup(os.unlink, rules.name)
        self.keeper_options = {"options": ("--access", rules.name, "--socket-group", "games")}
        super().setUp()

    def as_other(self, *arguments: str, text: str = "") -> subprocess.CompletedProcess:
        copy = self.k.home / "program"
        if not copy.exists():
            shutil.copy(PROGRAM, copy)
            copy.chmod(0o755)
        games = self.k.socket.stat().st_gid
        return subprocess.run([str(copy), *arguments], env=self.k.env, cwd="/", user=OTHER.pw_uid,
                              group=OTHER.pw_gid, extra_groups=[games], input=text,
                              capture_output=True, text=True, timeout=PATIENT_S, check=False)

    def test_methods_and_commands_of_batches(self) -> None:
        self.assertEqual(self.as_other("call", "user.current").returncode, 0)
        done = self.as_other("call", "im.notify", "to=1", "message=secret")
        self.assertEqual(done.returncode, 5)
        self.assertIn("not_allowed", done.stderr)
        self.assertRegex(self.k.errors(), rf"uid={OTHER.pw_uid} pid=\d+ refused: im.notify\n")
        self.assertNotIn("secret", self.k.errors())
        self.assertEqual(self.as_other("get").returncode, 5)
        lines = '{"method":"crm.lead.list"}\n{"method":"im.notify"}\n'
        done = self.as_other("call", "--batch", "-", text=lines)
        self.assertEqual(done.returncode, 5)
        self.assertIn("that was the command in line 2\n", done.stderr)
        self.assertEqual(self.executed("im.notify"), 0)
        self.assertEqual(self.executed("crm.lead.list"), 0)
        self.assertEqual(self.as_other("call", "--batch", "-",
                                       text='{"method":"crm.lead.list"}\n').returncode, 0)


if __name__ == "__main__":
    unittest.main()
