# SPDX-License-Identifier: Apache-2.0
"""Servers that a board trusts: nginx and openssl s_server with both kinds of chain, and a server
under an added root."""

import base64
import hashlib
from pathlib import Path

from emulator import AUTH_HOST, PORTAL
from programs import Seen
from servers import CHAINS, Nginx, OpenSsl
from test_boards import CERTS, BoardCase


class ServerCase(BoardCase):
    """A board that is connected to another server, self.server."""

    server: Nginx | OpenSsl

    def use(self, chain: str) -> None:
        """Connects to the servers with this chain, from a restart on."""
        self.k.ports |= {name: self.server.ports[name, chain] for name in (AUTH_HOST, PORTAL)}
        self.k.kill()
        self.k.start()
        self.k.wake()
        self.k.wait_address()

    def check_both(self) -> None:
        answer = self.k.command("check")
        for host in ("auth", "portal"):
            for stage, wanted in (("tls", "ok TLSv1.2"), ("certificate", "ok")):
                shown = answer.values.get(f"{host}.{stage}", "")
                self.assertTrue(shown.startswith(wanted), repr(answer))


class BehindNginx(ServerCase):
    """Provisioning and refresh with nginx as the TLS server."""

    def setUp(self) -> None:
        super().setUp()
        self.server = Nginx(CERTS, {AUTH_HOST: self.b24.oauth, PORTAL: self.b24.portal})
        self.addCleanup(self.server.close)

    def seen(self, chain: str) -> list[Seen]:
        """The requests of the token endpoint, after a check of each."""
        requests = self.server.requests_of(AUTH_HOST, chain)
        signed = "ECDSA" if chain == "ec" else "RSA"
        for one in requests:
            self.assertEqual((one.protocol, one.status), ("TLSv1.2", 200))
            self.assertEqual(one.cipher, f"ECDHE-{signed}-AES128-GCM-SHA256")
            self.assertTrue(one.path.startswith("/oauth/token"))
        return requests

    def test_each_chain(self) -> None:
        self.ready()
        for chain in CHAINS:
            with self.subTest(chain):
                self.use(chain)
                self.check_both()
                answer = self.k.must(f"auth code {self.k.redirect()}")
                self.assertEqual((answer["state"], answer["rest"]), ("ready", "ok"))
                self.assertEqual(len(self.seen(chain)), 1)
        self.k.must_refresh()
        self.assertEqual([one.resumed for one in self.seen(CHAINS[-1])][1:], [True])
        self.assertEqual(len(self.requests("refresh")), 1)


class OpenSslServer(ServerCase):

    def test_each_chain(self) -> None:
        self.server = OpenSsl(CERTS, (AUTH_HOST, PORTAL))
        self.addCleanup(self.server.close)
        self.ready()
        for chain in CHAINS:
            with self.subTest(chain):
                self.use(chain)
                for _ in range(2):  # the second one resumes the session
                    self.check_both()


class NothingInCommon(ServerCase):
    """Servers that have nothing of what the board offers."""

    def test_each(self) -> None:
        self.ready()
        for options in (("-tls1_2", "-cipher", "ECDHE+AES256"), ("-tls1_2", "-groups", "X25519"),
                        ("-tls1_3",)):
            with self.subTest(options):
                self.server = OpenSsl(CERTS, (AUTH_HOST, PORTAL), *options)
                self.addCleanup(self.server.close)
                self.use("rsa")
                answer = self.k.command("check")
                self.assertEqual(answer["auth.tls"].split()[0], "tls_no_common", repr(answer))


class AddedRoot(BoardCase):
    """A root that the firmware does not have, entered in pieces, with a restart between them."""

    def pieces(self, name: str = "untrusted-root.pem") -> list[str]:
        """The lines of a PEM file."""
        pem = (Path(self.b24.ca).parent / name).read_text()
        return pem.split("-----")[2].split()

    def exchange(self):
        self.b24.set(oauth_cert="untrusted")
        self.b24.forget_sessions()
        self.b24.drop()
        return self.k.command(f"auth code {self.b24.code()['code']}")

    def restart(self) -> None:
        self.k.kill()
        self.k.start()
        self.k.wake()
        self.k.wait_address()

    def test_trusted_from_ca_add_end_to_ca_del(self) -> None:
        self.ready()
        pieces = self.pieces()
        digest = hashlib.sha256(base64.b64decode("".join(pieces))).hexdigest()
        self.assertEqual(self.exchange().code, "tls_untrusted")
        self.k.must("ca add begin")
        for piece in pieces[:3]:
            self.k.must(f"ca add {piece}")
        self.restart()
        self.assertEqual(self.exchange().code, "tls_untrusted")  # an incomplete root is not trusted
        for piece in pieces[3:]:
            self.k.must(f"ca add {piece}")
        self.assertEqual(self.k.must("ca add end")["sha256"], digest)
        self.assertEqual(self.exchange()["generation"], "1")
        self.restart()
        self.assertIn(digest, repr(self.k.must("ca list")))
        self.assertEqual(self.exchange()["generation"], "2")
        self.k.must(f"ca del {digest}")
        self.assertEqual(self.exchange().code, "tls_untrusted")
        self.restart()
        self.assertNotIn(digest, repr(self.k.must("ca list")))
        self.assertEqual(self.exchange().code, "tls_untrusted")
        self.b24.set(oauth_cert="ec")  # the roots of the firmware are trusted as before
        self.b24.drop()
        self.assertEqual(self.k.must(f"auth code {self.b24.code()['code']}")["generation"], "3")

    def test_two_fit_in_flash_beside_a_token(self) -> None:
        """Long ones, in long pieces, and a third one of the greatest length."""
        self.ready()
        self.k.must(f"auth code {self.k.redirect()}")
        for name in ("root-rsa4096.pem", "untrusted-root.pem"):
            text = "".join(self.pieces(name))
            self.k.must("ca add begin")
            for at in range(0, len(text), 960):
                self.k.must(f"ca add {text[at:at + 960]}")
            self.k.must("ca add end")
        self.k.must("ca add begin")
        for total in ("720", "1440", "2040"):
            size = 600 if total == "2040" else 720
            piece = base64.b64encode(bytes(size)).decode()
            self.assertEqual(self.k.must(f"ca add {piece}")["bytes"], total)
        self.restart()
        self.assertEqual(self.k.must("ca list")["added"], "2")
        self.assertTrue(self.k.must("check").ok)

    def test_an_invalid_root_is_rejected(self) -> None:
        """Nothing of it is stored, and the board works as before."""
        self.ready()
        self.k.must("ca add begin")
        self.assertEqual(self.k.command("ca add not base64").code, "bad_value")
        self.k.must(f"ca add {base64.b64encode(bytes(300)).decode()}")
        self.assertFalse(self.k.command("ca add end").ok)
        self.assertEqual(self.k.must("ca list")["added"], "0")
        self.assertTrue(self.k.must("check").ok)
