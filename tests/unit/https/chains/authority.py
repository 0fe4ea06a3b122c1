# SPDX-License-Identifier: Apache-2.0
"""Issues certificates of any shape with the openssl command, and writes them in the order of a chain."""

from __future__ import annotations

import hashlib
import itertools
import subprocess
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

KEYS = {
    "ec": ("EC", "ec_paramgen_curve:P-256"),
    "p384": ("EC", "ec_paramgen_curve:P-384"),
    "p521": ("EC", "ec_paramgen_curve:P-521"),
    "k1": ("EC", "ec_paramgen_curve:secp256k1"),
    "explicit": ("EC", "ec_paramgen_curve:P-256", "ec_param_enc:explicit"),
    "compressed": ("EC", "ec_paramgen_curve:P-256"),
    "rsa": ("RSA", "rsa_keygen_bits:2048"),
    "rsa3": ("RSA", "rsa_keygen_bits:2048", "rsa_keygen_pubexp:3"),
    "rsa1024": ("RSA", "rsa_keygen_bits:1024"),
    "rsa4096": ("RSA", "rsa_keygen_bits:4096", "rsa_keygen_primes:4"),  # many primes: made faster
    "rsa8192": ("RSA", "rsa_keygen_bits:8192", "rsa_keygen_primes:5"),
    "pss": ("RSA-PSS", "rsa_keygen_bits:2048"),
    "ed25519": ("ED25519",),
    "dsa": ("DSA",),
}

ROOT = ("basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign",
        "subjectKeyIdentifier=hash")
MIDDLE = ROOT + ("authorityKeyIdentifier=keyid:always",)
LEAF = ("basicConstraints=critical,CA:FALSE", "extendedKeyUsage=serverAuth",
        "subjectKeyIdentifier=hash", "authorityKeyIdentifier=keyid:always")

CONFIG = """
[ca]
default_ca = here
[here]
database = {scratch}/index.txt
new_certs_dir = {scratch}
unique_subject = no
rand_serial = yes
default_md = {digest}
policy = any
{extensions}
[any]
commonName = optional
organizationName = optional
countryName = optional
[req]
distinguished_name = dn
[dn]
[shape]
"""


@dataclass(frozen=True)
class Cert:
    """A certificate to issue; dates in days from now. issuer: None: self-signed. twin: has the key
    of certificates with the same twin. v1: without extensions. tampered: its signature is wrong."""

    subject: str = "/CN=leaf"
    extensions: tuple[str, ...] = LEAF
    issuer: Cert | None = None
    key: str = "ec"
    twin: str = ""
    begin: float = -2
    end: float = 400
    digest: str = "sha256"
    pss: bool = False
    v1: bool = False
    tampered: bool = False


def root(name: str, *more: str, **other) -> Cert:
    """A self-signed authority. more: extensions that replace those of the same name, or join them."""
    return Cert(f"/CN={name}", replaced(ROOT, more), **other)


def middle(name: str, issuer: Cert, *more: str, **other) -> Cert:
    """An intermediate authority."""
    return Cert(f"/CN={name}", replaced(MIDDLE, more), issuer, **other)


def leaf(issuer: Cert | None, *more: str, names: str = "DNS:acme.example", **other) -> Cert:
    """A server's certificate. names: its subjectAltName; empty: none."""
    named = (f"subjectAltName={names}",) if names else ()
    return Cert(extensions=replaced(LEAF, (*named, *more)), issuer=issuer,
                **({"twin": "leaf"} | other))


def replaced(extensions: tuple[str, ...], more: tuple[str, ...]) -> tuple[str, ...]:
    """Extensions by name; one of `more` without a value removes it."""
    found = dict(line.split("=", 1) for line in extensions + more)
    return tuple(f"{name}={value}" for name, value in found.items() if value)


def openssl(*args: str) -> str:
    """Runs the command."""
    done = subprocess.run(("openssl", *args), capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"openssl {' '.join(args)}: {done.stderr.strip()}")
    return done.stdout


class Office:
    """Issues each certificate once."""

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        self._numbers = itertools.count()
        self._keys: dict[str, str] = {}
        self._made: dict[Cert, str] = {}
        self._lock = threading.Lock()

    def key(self, cert: Cert) -> str:
        """The file of its key. Keys that are slow to make are shared."""
        owner = "" if cert.key.startswith(("rsa", "pss", "dsa")) else cert.twin or cert.subject
        name = hashlib.sha256(f"{cert.key} {owner}".encode()).hexdigest()[:16]
        with self._lock:
            path = self._scratch / f"{name}.key"
            if name not in self._keys:
                self._keys[name] = str(path)
                self._make_key(KEYS[cert.key], path)
                if cert.key == "compressed":
                    openssl("ec", "-in", str(path), "-conv_form", "compressed", "-out", str(path))
        return self._keys[name]

    @staticmethod
    def _make_key(kind: tuple[str, ...], path: Path) -> None:
        if kind[0] == "DSA":
            openssl("genpkey", "-genparam", "-algorithm", "DSA", "-pkeyopt", "dsa_paramgen_bits:1024",
                    "-out", f"{path}.parameters")
            openssl("genpkey", "-paramfile", f"{path}.parameters", "-out", str(path))
            return
        options = [word for option in kind[1:] for word in ("-pkeyopt", option)]
        openssl("genpkey", "-algorithm", kind[0], *options, "-out", str(path))

    def pem(self, cert: Cert) -> str:
        """The certificate, issued at the first call."""
        if cert not in self._made:
            issuer = self._save(cert.issuer) if cert.issuer else ""
            self._made[cert] = changed(cert, self._issue(cert, issuer))
        return self._made[cert]

    def _save(self, cert: Cert) -> str:
        path = self._scratch / f"issuer-{next(self._numbers)}.pem"
        path.write_text(self.pem(cert))
        return str(path)

    def _request(self, cert: Cert, key: str, mine: tuple[str, ...]) -> str:
        """Most leaves have the same."""
        name = hashlib.sha256(f"{cert.subject} {key}".encode()).hexdigest()[:16]
        path = self._scratch / f"{name}.request"
        with self._lock:
            if not path.exists():
                openssl("req", "-new", *mine, "-key", key, "-subj", cert.subject or "/", "-out",
                        str(path), *(() if cert.key == "ed25519" else ("-sha256",)))
        return str(path)

    def _issue(self, cert: Cert, issuer: str) -> str:
        here = self._scratch / f"{next(self._numbers)}"
        here.mkdir()
        (here / "index.txt").touch()
        digest = "default" if (cert.issuer or cert).key == "ed25519" else cert.digest
        config = CONFIG.format(scratch=here, digest=digest,
                               extensions="" if cert.v1 else "x509_extensions = shape")
        lines = (line.replace("|", "\n") for line in cert.extensions)
        (here / "config").write_text(config + "\n".join(lines) + "\n")
        key, mine = self.key(cert), ("-config", f"{here}/config")
        request = self._request(cert, key, mine)
        signer = ("-cert", issuer, "-keyfile", self.key(cert.issuer)) if cert.issuer else \
            ("-selfsign", "-keyfile", key)
        padding = ("-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest")
        openssl("ca", "-batch", "-notext", "-preserveDN", *mine, *signer, "-in", request,
                "-startdate", date(cert.begin), "-enddate", date(cert.end),
                *(padding if cert.pss else ()), "-out", f"{here}/cert.pem")
        return (here / "cert.pem").read_text()


def changed(cert: Cert, pem: str) -> str:
    """With a wrong signature if the certificate is to be so."""
    if not cert.tampered:
        return pem
    from ssl import DER_cert_to_PEM_cert, PEM_cert_to_DER_cert
    der = bytearray(PEM_cert_to_DER_cert(pem))
    der[-1] ^= 1
    return DER_cert_to_PEM_cert(bytes(der))


def date(days: float) -> str:
    """As openssl's options take it."""
    return (datetime.now(timezone.utc) + timedelta(days=days)).strftime("%Y%m%d%H%M%SZ")
