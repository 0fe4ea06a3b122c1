#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Certificate chains as they are in the field: our client beside curl, against servers of OpenSSL.

    python3 tests/unit/https/chains/judge.py DIRECTORY CLIENT PROFILE

The chains are those of table.py. They are made once and kept in DIRECTORY. CLIENT is the program of
connect_to_chains.c, PROFILE (host or small) its profile of mbedTLS. What curl refuses is refused, and
what curl accepts is accepted, or table.py has the reason.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from authority import Office
from table import CHAINS, TRUSTED, Chain

HERE = Path(__file__).resolve().parent
FRESH_S = 200 * 86400  # the valid ones are valid for longer
CURVES = {"P-256": "prime256v1", "P-384": "secp384r1", "P-521": "secp521r1"}
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


# --- the files ---

def key_of_sources() -> str:
    """Changes with the files that the chains are made by."""
    sources = b"".join((HERE / name).read_bytes() for name in ("authority.py", "table.py"))
    return hashlib.sha256(sources).hexdigest()


def is_fresh(directory: Path) -> bool:
    """Whether the chains are there and still what they should be."""
    stamp = directory / "stamp"
    return stamp.is_file() and stamp.read_text() == key_of_sources() and \
        time.time() - stamp.stat().st_mtime < FRESH_S


def write_chain(office: Office, directory: Path, row: Chain) -> None:
    """NAME.pem and NAME.key."""
    (directory / f"{row.name}.pem").write_text("".join(map(office.pem, row.sent)))
    shutil.copy(office.key(row.sent[0]), directory / f"{row.name}.key")


def generate(directory: Path) -> None:
    """Makes the chains unless they are there."""
    directory.mkdir(parents=True, exist_ok=True)
    with open(directory / ".lock", "w") as lock, tempfile.TemporaryDirectory() as scratch:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if is_fresh(directory):
            return
        office = Office(Path(scratch))
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda row: write_chain(office, directory, row), CHAINS))
        (directory / "roots.pem").write_text("".join(map(office.pem, TRUSTED)))
        (directory / "stamp").write_text(key_of_sources())


# --- the clients ---

def serve_once(listener: socket.socket, context: ssl.SSLContext) -> None:
    """One connection, as far as the client goes."""
    raw, _ = listener.accept()
    try:
        with context.wrap_socket(raw, server_side=True) as connection:
            connection.recv(4096)
            connection.sendall(RESPONSE)
    except OSError:
        raw.close()


def curl(directory: Path, row: Chain) -> int:
    """The exit status of curl without options of its own."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers(f"{row.server.ciphers12}:@SECLEVEL=0")
    if ":" not in row.server.groups:
        with contextlib.suppress(ssl.SSLError):  # OpenSSL 3.0 has no X25519 here; curl takes any
            context.set_ecdh_curve(CURVES.get(row.server.groups, row.server.groups))
    context.load_cert_chain(directory / f"{row.name}.pem", directory / f"{row.name}.key")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=serve_once, args=(listener, context))
        server.start()
        port = listener.getsockname()[1]
        status = subprocess.run(
            ("curl", "--silent", "--noproxy", "*", "--cacert", directory / "roots.pem",
             "--connect-to", f"{row.host}:443:127.0.0.1:{port}", f"https://{row.host}/"),
            stdout=subprocess.DEVNULL, check=False).returncode
        server.join()
    return status


def ours(directory: Path, client: str, version: str, chains: list[Chain]) -> list[str]:
    """The codes of chains."""
    rows = "".join(f"{directory}/{row.name}.pem {directory}/{row.name}.key {row.host} "
                   f"{row.server.ciphers12} {row.server.ciphers13} {row.server.groups}\n"
                   for row in chains)
    done = subprocess.run((client, directory / "roots.pem", version), input=rows, text=True,
                          stdout=subprocess.PIPE, check=True)
    return done.stdout.split()


# --- the comparison ---

def problems(row: Chain, version: str, small: bool, accepted: bool, code: str) -> list[str]:
    """What is wrong with this result."""
    wanted = (row.small if small else "") or (row.tls12 if version == "1.2" else "") or row.error
    stricter = row.stricter or (row.small_stricter if small else "")
    found = [f"{code} instead of {wanted}"] if code != wanted else []
    if (code == "ok") != accepted and not (row.wider if code == "ok" else stricter):
        found.append(f"curl {'accepts' if accepted else 'refuses'} it")
    if (stricter and not accepted) or (row.wider and accepted):
        found.append("as curl does: no reason is needed")
    return found


def version_problems(directory: Path, client: str, versions: list[str]) -> list[str]:
    """Of servers with a version of TLS that the profile has not."""
    return [f"TLS {version} alone: {code} instead of tls_no_common" for version in versions
            for code in ours(directory, client, version, CHAINS[:1]) if code != "tls_no_common"]


def main() -> int:
    """1 if a chain has another result than it should."""
    directory, client, profile = Path(sys.argv[1]), *sys.argv[2:]
    small = profile == "small"
    generate(directory)
    with ThreadPoolExecutor(4) as pool:
        statuses = list(pool.map(lambda row: curl(directory, row), CHAINS))
    found = version_problems(directory, client, ["1.1", "1.3"] if small else ["1.1"])
    for version in ("1.2",) if small else ("1.2", "1.3"):
        for row, status, code in zip(CHAINS, statuses, ours(directory, client, version, CHAINS),
                                     strict=True):
            found += [f"{row.name}, TLS {version}: {problem} (curl: {status})"
                      for problem in problems(row, version, small, status == 0, code)]
    print("\n".join(found + [f"{len(CHAINS)} chains, {statuses.count(0)} accepted by curl, "
                             f"{len(found)} problems"]))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
