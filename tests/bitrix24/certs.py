#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Certificates for tests: valid chains, and one invalid certificate of each kind.

    python3 tests/bitrix24/certs.py DIR [--rsa4096]

writes PEM files to DIR; files that exist and are valid for another day are kept.

    roots.pem                              every trusted root, for --ca, --cacert, -CAfile
    root-ec.pem  root-rsa.pem  root-p384.pem   the trusted roots, one file each
    untrusted-root.pem                     the root of untrusted.pem, in no trust store
    leaf-ec.pem       leaf-ec.key          root-ec  -> intermediate -> leaf, all ECDSA P-256
    leaf-p384.pem     leaf-p384.key        root-p384 -> intermediate -> leaf, all ECDSA P-384
    leaf-rsa.pem      leaf-rsa.key         root-rsa -> intermediate -> leaf, all RSA-2048
    leaf-rsa4096.pem  leaf-rsa4096.key     root -> 2 intermediates -> leaf, all RSA-4096, and
    root-rsa4096.pem                       its root: only with --rsa4096, the keys take seconds
    leaf-rsa4096root.pem  ...root.key      root-rsa4096 -> intermediate -> leaf, both RSA-2048:
                                           as on most public servers; also with --rsa4096
    expired.pem       expired.key          expired a day ago
    notyet.pem        notyet.key           valid in five years
    wrongname.pem     wrongname.key        for wrong.example only
    selfsigned.pem    selfsigned.key       self-signed
    untrusted.pem     untrusted.key        issued by untrusted-root.pem
    sha1.pem          sha1.key             signed with SHA-1
    nochain.pem       nochain.key          a valid leaf without its intermediate
    shuffled.pem      shuffled.key         valid, with two intermediates in the wrong order
    constraint.pem    constraint.key       outside the name constraints of its intermediate
    purpose.pem       purpose.key          issued by an intermediate for clients alone

A leaf file holds the leaf first and then its intermediates, as a server sends them. Valid leaves
are for localhost, 127.0.0.1, ::1, 10.0.2.2, oauth.bitrix.info, oauth.bitrix24.tech, *.bitrix24.com and
*.bitrix24.ru. Needs the `openssl` command, 1.1.1 or newer.
"""

from __future__ import annotations

import argparse
import fcntl
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Iterator

QEMU = "10.0.2.2"  # this machine, in QEMU's user network
GOOD_NAMES = (f"DNS:localhost,IP:127.0.0.1,IP:::1,IP:{QEMU},DNS:oauth.bitrix.info,DNS:oauth.bitrix24.tech,"
              "DNS:*.bitrix24.com,DNS:*.bitrix24.ru")
EC = ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
P384 = ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384")
RSA = ("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048")
RSA4096 = ("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:4096")

# Names of the certificates for --cert and the settings, and the stems of their files in DIR.
CHOICES = {"ec": "leaf-ec", "p384": "leaf-p384", "rsa": "leaf-rsa", "expired": "expired", "notyet": "notyet",
           "wrongname": "wrongname", "selfsigned": "selfsigned", "untrusted": "untrusted",
           "nochain": "nochain", "sha1": "sha1", "shuffled": "shuffled", "constraint": "constraint",
           "purpose": "purpose", "rsa4096": "leaf-rsa4096",
           "rsa4096root": "leaf-rsa4096root"}
SLOW = ("rsa4096", "rsa4096root")

# `openssl ca` instead of `openssl x509 -req`: only `ca` accepts a start date in all versions.
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
x509_extensions = {kind}
[any]
commonName = supplied
[req]
distinguished_name = dn
[dn]
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[intermediate]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always
[constrained]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
nameConstraints = permitted;DNS:other.example
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always
[clients]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
extendedKeyUsage = clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always
[leaf]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature{encipher}
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always
subjectAltName = {names}
[selfsigned]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
subjectAltName = {names}
"""


@dataclass
class Cert:
    """A certificate and its key, both PEM."""
    pem: str
    key: str


@dataclass
class Plan:
    """A certificate to issue; dates in days from now."""
    subject: str
    kind: str = "leaf"
    algorithm: tuple[str, ...] = EC
    issuer: Cert | None = None
    names: str = GOOD_NAMES
    begin: float = -1
    end: float = 397
    digest: str = "sha256"


def openssl(*args: str, stdin: str = "") -> str:
    try:
        done = subprocess.run(("openssl", *args), input=stdin, capture_output=True, text=True)
    except FileNotFoundError:
        raise RuntimeError("the openssl command is not installed") from None
    if done.returncode:
        raise RuntimeError(f"openssl {args[0]} failed: {done.stderr.strip()}")
    return done.stdout


def issue(plan: Plan) -> Cert:
    """Generates a key and a certificate, signed by plan.issuer or self-signed."""
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        key = openssl("genpkey", *plan.algorithm)
        names = {"index.txt": "", "key.pem": key,
                 "ca.key": plan.issuer.key if plan.issuer else key,
                 "ca.pem": plan.issuer.pem if plan.issuer else "",
                 "config": CONFIG.format(scratch=scratch, kind=plan.kind, names=plan.names,
                                         digest=plan.digest,
                                         encipher="" if plan.algorithm in (EC, P384)
                                         else ", keyEncipherment")}
        for name, text in names.items():
            (home / name).write_text(text)
        config = ("-config", f"{scratch}/config")
        openssl("req", "-new", *config, "-key", f"{scratch}/key.pem", "-sha256",
                "-subj", f"/CN={plan.subject}", "-out", f"{scratch}/request")
        signer = ("-cert", f"{scratch}/ca.pem") if plan.issuer else ("-selfsign",)
        openssl("ca", "-batch", "-notext", *config, *signer,
                "-keyfile", f"{scratch}/ca.key", "-in", f"{scratch}/request",
                "-startdate", _date(plan.begin), "-enddate", _date(plan.end),
                "-out", f"{scratch}/cert.pem")
        return Cert((home / "cert.pem").read_text(), key)


def _date(days: float) -> str:
    return (datetime.now(timezone.utc) + timedelta(days=days)).strftime("%Y%m%d%H%M%SZ")


def chain(name: str, algorithm: tuple[str, ...], intermediates: int = 1,
          digest: str = "sha256") -> list[Cert]:
    """Root, intermediates and leaf, in this order."""
    certs = [issue(Plan(f"tokenkeeper test root {name}", "root", algorithm, end=3650,
                        digest=digest))]
    for number in range(1, intermediates + 1):
        certs.append(issue(Plan(f"tokenkeeper test intermediate {name} {number}", "intermediate",
                                algorithm, certs[-1], end=1825, digest=digest)))
    certs.append(issue(Plan("localhost", "leaf", algorithm, certs[-1], digest=digest)))
    return certs


def _save(directory: Path, stem: str, cert: Cert, intermediates: list[Cert]) -> None:
    key = directory / f"{stem}.key"
    key.touch(mode=0o600)
    key.write_text(cert.key)
    (directory / f"{stem}.pem").write_text(cert.pem + "".join(c.pem for c in intermediates))


def _save_chain(directory: Path, name: str, certs: list[Cert]) -> None:
    (directory / f"root-{name}.pem").write_text(certs[0].pem)
    _save(directory, f"leaf-{name}", certs[-1], certs[-2:0:-1])


def _below(directory: Path, stem: str, kind: str, issuer: Cert, above: list[Cert]) -> None:
    """A leaf under a further intermediate of this kind."""
    middle = issue(Plan(f"tokenkeeper test intermediate {stem}", kind, issuer=issuer, end=1825))
    _save(directory, stem, issue(Plan("localhost", issuer=middle)), [*above, middle])


def _generate_base(directory: Path) -> None:
    with ThreadPoolExecutor() as pool:
        rsa = pool.submit(chain, "rsa", RSA)
        p384 = pool.submit(chain, "p384", P384, digest="sha384")
        untrusted_root = pool.submit(
            issue, Plan("tokenkeeper test root untrusted", "root", EC, end=3650))
        ec = chain("ec", EC)
        middle, leaf = ec[1:]
        bad = {"expired": Plan("localhost", issuer=middle, begin=-30, end=-1),
               "notyet": Plan("localhost", issuer=middle, begin=1825, end=2190),
               "wrongname": Plan("wrong.example", issuer=middle, names="DNS:wrong.example"),
               "selfsigned": Plan("localhost", "selfsigned"),
               "sha1": Plan("localhost", issuer=middle, digest="sha1"),
               "untrusted": Plan("localhost", issuer=untrusted_root.result())}
        made = dict(zip(bad, pool.map(issue, bad.values())))
    _save_chain(directory, "ec", ec)
    _save_chain(directory, "rsa", rsa.result())
    _save_chain(directory, "p384", p384.result())
    for stem, cert in made.items():
        _save(directory, stem, cert, [middle] if bad[stem].issuer is middle else [])
    _save(directory, "nochain", leaf, [])
    _below(directory, "shuffled", "intermediate", middle, [middle])
    _below(directory, "constraint", "constrained", ec[0], [])
    _below(directory, "purpose", "clients", ec[0], [])
    (directory / "untrusted-root.pem").write_text(untrusted_root.result().pem)


def _generate_slow(directory: Path) -> None:
    big = chain("rsa4096", RSA4096, intermediates=2)
    _save_chain(directory, "rsa4096", big)
    middle = issue(Plan("tokenkeeper test intermediate rsa4096root", "intermediate", RSA, big[0],
                        end=1825))
    _save(directory, "leaf-rsa4096root", issue(Plan("localhost", "leaf", RSA, middle)), [middle])


def _fresh(directory: Path, stems: list[str]) -> bool:
    """Whether all files of these stems exist and are valid for another day."""
    for stem in stems:
        pem, key = directory / f"{stem}.pem", directory / f"{stem}.key"
        if not pem.is_file() or not (key.is_file() or "root" in stem):
            return False
        if stem not in ("expired", "notyet"):
            try:
                openssl("x509", "-in", str(pem), "-noout", "-checkend", "86400")
            except RuntimeError:
                return False
    return True


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    """Parallel tests may share a directory."""
    directory.mkdir(parents=True, exist_ok=True)
    with open(directory / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def generate(directory: Path | str, rsa4096: bool = False) -> Path:
    """Generates the missing files; returns the path of roots.pem."""
    directory = Path(directory).absolute()
    base = [stem for choice, stem in CHOICES.items() if choice not in SLOW]
    with _locked(directory):
        roots, names = directory / "roots.pem", directory / "names"
        if not names.is_file() or names.read_text() != GOOD_NAMES:  # of another version
            for stem in ("roots", *(CHOICES[name] for name in SLOW)):
                (directory / f"{stem}.pem").unlink(missing_ok=True)
        # roots.pem is written last: a directory without it is incomplete.
        if not roots.is_file() or not _fresh(directory, [*base, "root-ec", "root-p384", "root-rsa",
                                                         "untrusted-root"]):
            roots.unlink(missing_ok=True)
            _generate_base(directory)
        if rsa4096 and not _fresh(directory, [*(CHOICES[name] for name in SLOW), "root-rsa4096"]):
            _generate_slow(directory)
        names.write_text(GOOD_NAMES)
        trusted = [directory / f"root-{name}.pem" for name in ("ec", "p384", "rsa", "rsa4096")]
        text = "".join(path.read_text() for path in trusted if path.is_file())
        if not roots.is_file() or roots.read_text() != text:  # a firmware is built from this file
            roots.write_text(text)
        return roots


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", metavar="DIR", type=Path)
    parser.add_argument("--rsa4096", action="store_true", help="also generate the RSA-4096 chains")
    arguments = parser.parse_args()
    try:
        print(generate(arguments.directory, arguments.rsa4096))
    except (RuntimeError, OSError) as error:
        print(f"certs.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
