# SPDX-License-Identifier: Apache-2.0
"""Trust: each defect of a certificate has an error of its own, and no secret is sent."""

import base64
import glob
import hashlib
import os
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path

from keeper import WITH_US, GatewayCase
from ports import free_ports
from programs import Nginx

FAULTS = {"untrusted": "tls_untrusted", "wrongname": "tls_wrong_name", "expired": "tls_expired",
          "notyet": "tls_not_yet_valid", "selfsigned": "tls_self_signed",
          "nochain": "tls_untrusted", "sha1": "tls_weak", "constraint": "tls_constraint",
          "purpose": "tls_purpose"}


class Certificates(GatewayCase):
    keeper_options = {"clock": "synchronized"}

    def test_rejected_before_a_secret_is_sent(self) -> None:
        for cert, error in FAULTS.items():
            with self.subTest(cert):
                self.b24.reset()
                keeper = self.keeper(**self.keeper_options)
                keeper.configure()
                self.b24.set(oauth_cert=cert)
                asked = keeper.ask(f"auth code {self.b24.code()['code']}")
                answer = keeper.answered(asked)
                self.assert_error(answer, error)
                if cert == "nochain":
                    self.assertIn("have the server send its intermediates", answer.last)
                self.assertEqual(self.requests("exchange"), [])
                self.assertEqual([e for e in self.b24.log() if e["event"] == "request"
                                  and e["listener"] == "oauth"], [])

    def test_a_rejected_refresh_keeps_the_pair(self) -> None:
        self.k.provision()
        token = self.k.get().stdout
        self.b24.set(oauth_cert="untrusted")
        self.b24.forget_sessions()
        self.b24.drop()
        self.assertFalse(self.k.refresh().ok)
        self.k.wait_status(state="retrying", last_error="tls_untrusted")
        self.assertEqual(self.requests("refresh"), [])
        self.assertEqual(self.k.get().stdout, token)

    def test_key_types_and_tls_versions(self) -> None:
        self.k.configure()
        for generation, (cert, tls) in enumerate((("ec", "1.2"), ("ec", "1.3"), ("rsa", "1.2"),
                                                  ("rsa", "1.3"), ("shuffled", "1.2"),
                                                  ("shuffled", "1.3")), 1):
            with self.subTest(cert=cert, tls=tls):
                self.b24.set(oauth_cert=cert, portal_cert=cert, tls=tls)
                self.b24.forget_sessions()
                self.b24.drop()
                answer = self.k.must(f"auth code {self.b24.code()['code']}")
                self.assertEqual(answer["generation"], str(generation))
                entry = self.requests("exchange")[-1]
                self.assertIn(tls, entry["tls"])

    def test_check_names_the_stage(self) -> None:
        self.k.configure()
        self.b24.set(oauth_cert="wrongname")
        answer = self.k.command("check")
        self.assertFalse(answer.ok)
        self.assertIn("tls_wrong_name", repr(answer))

    def test_other_roots(self) -> None:
        other = self.keeper(ca=glob.glob("/etc/ssl/certs/*.pem")[0])
        other.configure()
        self.assert_error(other.command(f"auth code {self.b24.code()['code']}"), "tls_untrusted")

    def test_invalid_ca_files(self) -> None:
        for text in ("", "not a certificate\n"):
            with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
                file.write(text)
                file.flush()
                keeper = self.keeper(ca=file.name, start=False)
                keeper.start(hello=False)
                self.assertNotEqual(keeper.wait_end(), 0)
                self.assertIn(file.name, keeper.errors())


    def test_roots_that_cannot_be_read_are_reported_and_left_out(self) -> None:
        kinds = {2: ("ed25519",), 3: ("ec", "-pkeyopt", "ec_paramgen_curve:P-521")}
        with tempfile.TemporaryDirectory() as home:
            pem = Path(home) / "roots.pem"
            text = Path(self.b24.ca).read_text().split("-----END CERTIFICATE-----\n", 1)
            made = [self.root(Path(home), *kind) for kind in kinds.values()]
            pem.write_text("-----END CERTIFICATE-----\n".join([text[0], "".join(made) + text[1]]))
            keeper = self.keeper(ca=str(pem))
            reported = [line for line in keeper.errors().splitlines() if "is left out" in line]
            self.assertEqual([line.split(" is left")[0] for line in reported],
                             [f"tokenkeeper: {pem}: certificate {number}" for number in kinds])
            keeper.configure()
            keeper.must(f"auth code {self.b24.code()['code']}")

    @staticmethod
    def root(home: Path, *kind: str) -> str:
        """A root in PEM with a key of this kind."""
        return subprocess.run(["openssl", "req", "-x509", "-nodes", "-subj", "/CN=odd", "-newkey", *kind,
                               "-keyout", home / "key.pem"], check=True, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout


class AddedRoots(GatewayCase):
    """A private root, added with `ca add` line by line of its PEM file."""

    def exchange(self):
        self.b24.set(oauth_cert="untrusted")
        self.b24.forget_sessions()
        self.b24.drop()
        return self.k.command(f"auth code {self.b24.code()['code']}")

    def add(self) -> str:
        pem = (Path(self.b24.ca).parent / "untrusted-root.pem").read_text()
        self.k.must("ca add begin")
        for line in pem.split("-----")[2].split():
            self.k.must(f"ca add {line}")
        answer = self.k.must("ca add end")
        der = base64.b64decode("".join(pem.split("-----")[2].split()))
        self.assertEqual(answer["sha256"], hashlib.sha256(der).hexdigest())
        return answer["sha256"]

    def test_trusted_until_it_is_deleted(self) -> None:
        self.k.configure()
        self.assert_error(self.exchange(), "tls_untrusted")
        digest = self.add()
        self.assertEqual(self.exchange()["generation"], "1")
        self.k.end()
        self.k.start()
        self.assertIn(digest, repr(self.k.must("ca list")))
        self.assertEqual(self.exchange()["generation"], "2")
        self.k.must(f"ca del {digest}")
        self.assert_error(self.exchange(), "tls_untrusted")
        self.b24.set(oauth_cert="ec")  # the roots of the machine are trusted as before
        self.b24.drop()
        self.k.must(f"auth code {self.b24.code()['code']}")


class Clock(GatewayCase):

    def faked(self, when: str):
        """A keeper with this system time; the monotonic clock is real."""
        library = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")[0]
        return self.keeper(env={"LD_PRELOAD": library, "FAKETIME": when,
                                "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1",
                                "ASAN_OPTIONS": "verify_asan_link_order=0"})

    def test_no_connection_while_the_time_is_unknown(self) -> None:
        keeper = self.faked("@1971-01-01 00:00:00")
        self.assertIn(keeper.must("time")["quality"], ("none", "floor"))
        keeper.configure()
        code = self.b24.code()["code"]
        self.assert_error(keeper.command(f"auth code {code}"), "clock_unknown", "type time")
        self.assertEqual([e for e in self.b24.log() if e["listener"] == "oauth"], [])
        keeper.must(f"time {int(time.time())}")
        self.assertEqual(keeper.must(f"auth code {self.b24.code()['code']}")["state"], "ready")

    def test_clock_ten_years_ahead(self) -> None:
        keeper = self.faked("+10y")
        keeper.configure()
        answer = keeper.command(f"auth code {self.b24.code()['code']}")
        self.assert_error(answer, "tls_expired", "clock")
        # Wait for the log entry of this connection, which other tests count.
        self.k.wait_for(lambda: any(e["event"] == "handshake_failed" for e in self.b24.log()))


class Servers(GatewayCase):
    """nginx and OpenSSL as TLS servers, with the response of the real server."""

    answer = ('{"access_token":"%s","expires":1893456000,"expires_in":3600,"scope":"app",'
              '"domain":"oauth.bitrix.info","server_endpoint":"https:\\/\\/%s\\/rest\\/",'
              '"status":"L","client_endpoint":"https:\\/\\/%s\\/rest\\/","member_id":"%s",'
              '"user_id":1,"refresh_token":"%s"}')

    def setUp(self) -> None:
        super().setUp()
        self.certs = Path(self.b24.ca).parent
        self.port, = free_ports(1)

    def body(self) -> str:
        return self.answer % ("a1" * 35, self.b24.oauth, self.b24.portal, "m" * 32, "b2" * 35)

    def exchange(self) -> None:
        self.k.configure(auth_host=f"localhost:{self.port}")
        answer = self.k.must("auth code " + "c3" * 35)
        self.assertEqual((answer["state"], answer["generation"]), ("ready", "1"))
        self.assertEqual(self.k.get().stdout, "a1" * 35 + "\n")

    def nginx(self, version: str, cert: str) -> None:
        server = Nginx(f"""
            server {{
                listen 127.0.0.1:{self.port} ssl;
                ssl_certificate {self.certs}/leaf-{cert}.pem;
                ssl_certificate_key {self.certs}/leaf-{cert}.key;
                ssl_protocols {version};
                location / {{ default_type application/json; return 200 '{self.body()}'; }}
            }}""", [self.port])
        self.addCleanup(server.close)
        self.exchange()

    def test_nginx_tls_1_2(self) -> None:
        self.nginx("TLSv1.2", "ec")

    def test_nginx_tls_1_3(self) -> None:
        self.nginx("TLSv1.3", "rsa")

    def openssl(self, *options: str) -> None:
        """s_server prints what it receives and sends its input."""
        process = subprocess.Popen(
            [*WITH_US, "openssl", "s_server", "-quiet", "-naccept", "1",
             "-accept", f"localhost:{self.port}", "-cert", f"{self.certs}/leaf-ec.pem",
             "-cert_chain", f"{self.certs}/leaf-ec.pem", "-key", f"{self.certs}/leaf-ec.key", *options],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        for end in (process.wait, process.kill, process.stdin.close, process.stdout.close):
            self.addCleanup(end)
        body = self.body()
        answer = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}"

        def serve() -> None:
            request = b""
            while b"code=" not in request:
                request += os.read(process.stdout.fileno(), 4096)
            process.stdin.write(answer.encode())
            process.stdin.flush()

        threading.Thread(target=serve, daemon=True).start()
        self.exchange()

    def test_openssl_tls_1_2(self) -> None:
        self.openssl("-tls1_2")

    def test_openssl_tls_1_3(self) -> None:
        self.openssl("-tls1_3")

    def test_openssl_small_records(self) -> None:
        self.openssl("-max_send_frag", "512", "-split_send_frag", "512")


if __name__ == "__main__":
    unittest.main()
