# SPDX-License-Identifier: Apache-2.0
"""Servers that most of the world has, in place of Python's: nginx in front of a Bitrix24, and
OpenSSL's own. On loopback, with TLS 1.2; each ends with the test that started it."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "bitrix24"))
from ports import free_ports  # noqa: E402

PATIENT_S = 60
CHAINS = ("ec", "rsa")

NGINX = """
daemon off;
master_process off;
pid {place}/pid;
error_log {place}/error.log;
events {{ worker_connections 64; }}
http {{
    log_format seen '$server_port $ssl_protocol $ssl_cipher $ssl_session_reused $uri $status';
    access_log {place}/access.log seen;
    client_body_temp_path {place}/body;
    proxy_temp_path {place}/proxy;
    fastcgi_temp_path {place}/fastcgi;
    uwsgi_temp_path {place}/uwsgi;
    scgi_temp_path {place}/scgi;
    ssl_protocols TLSv1.2;
    ssl_session_tickets on;
    {servers}
}}
"""
# The TLS between nginx and the Bitrix24 behind it is not what is tested.
NGINX_SERVER = """
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {certs}/leaf-{chain}.pem;
        ssl_certificate_key {certs}/leaf-{chain}.key;
        location / {{
            proxy_pass https://{behind};
            proxy_ssl_server_name on;
            proxy_ssl_name {name};
            proxy_set_header Host $host;
        }}
    }}
"""


class Server:
    """A program that serves until close()."""

    def __init__(self) -> None:
        self.place = Path(tempfile.mkdtemp(prefix="tks-"))
        self.processes: list[subprocess.Popen] = []

    def begin(self, *command: str) -> None:
        """setpriv: whatever ends this process ends the server too."""
        with (self.place / "output").open("a") as output:
            self.processes.append(subprocess.Popen(
                ("setpriv", "--pdeathsig", "TERM", *command),
                stdin=subprocess.DEVNULL, stdout=output, stderr=output))

    def wait_for(self, ports: list[int]) -> None:
        end = time.monotonic() + PATIENT_S
        for port in ports:
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    dead = any(process.poll() is not None for process in self.processes)
                    if dead or time.monotonic() > end:
                        raise AssertionError(
                            f"no server: {(self.place / 'output').read_text()}") from None
                time.sleep(0.05)

    def close(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()
        shutil.rmtree(self.place, ignore_errors=True)


class Nginx(Server):
    """A port for each pair of host and chain, in front of that host's server. behind: names of
    hosts to where they are served."""

    def __init__(self, certs: str, behind: dict[str, str]) -> None:
        super().__init__()
        pairs = [(name, chain) for name in behind for chain in CHAINS]
        self.ports = dict(zip(pairs, free_ports(len(pairs))))
        config = self.place / "nginx.conf"
        config.write_text(NGINX.format(place=self.place, servers="".join(
            NGINX_SERVER.format(port=port, certs=certs, chain=chain, behind=behind[name], name=name)
            for (name, chain), port in self.ports.items())))
        self.begin("nginx", "-p", str(self.place), "-e", str(self.place / "error.log"),
                   "-c", str(config))
        self.wait_for(list(self.ports.values()))

    def requests(self, name: str, chain: str) -> list[list[str]]:
        """protocol, cipher, whether resumed ("r" or "."), path and status of each so far."""
        lines = [line.split() for line in (self.place / "access.log").read_text().splitlines()]
        return [line[1:] for line in lines if line[0] == str(self.ports[name, chain])]


class OpenSsl(Server):
    """`openssl s_server`, one for each pair of host and chain, for each serves one client at a
    time; with a page about its connection."""

    def __init__(self, certs: str, names: tuple[str, ...]) -> None:
        super().__init__()
        pairs = [(name, chain) for name in names for chain in CHAINS]
        self.ports = dict(zip(pairs, free_ports(len(pairs))))
        for (_, chain), port in self.ports.items():
            self.begin("openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-tls1_2", "-www",
                       "-cert", f"{certs}/leaf-{chain}.pem", "-key", f"{certs}/leaf-{chain}.key",
                       "-cert_chain", f"{certs}/leaf-{chain}.pem")
        self.wait_for(list(self.ports.values()))
