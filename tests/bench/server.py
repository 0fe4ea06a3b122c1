# SPDX-License-Identifier: Apache-2.0
"""A token endpoint that always gives the same answer: nginx on 127.0.0.1, TLS 1.2 on one port and
1.3 on the other, an ECDSA chain of three, tickets, stored sessions (curl takes no ticket under 1.2)
and kept connections."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "bitrix24"))
import certs  # noqa: E402
from ports import free_ports  # noqa: E402

VERSIONS = ("1.2", "1.3")

# About 700 bytes of body, as where facts of other clients were measured.
ANSWER = {
    "access_token": "a" * 70, "expires": 1893456000, "expires_in": 3600,
    "scope": ",".join(("app", "crm", "user", "task", "tasks_extended", "calendar", "disk", "im",
                       "imbot", "imopenlines", "telephony", "catalog", "sale", "bizproc", "lists",
                       "placement", "department", "sonet_group", "log", "entity", "documentgenerator",
                       "mailservice", "messageservice", "timeman", "userfieldconfig", "rpa")),
    "domain": "oauth.bitrix.info", "server_endpoint": "https://oauth.bitrix.info/rest/",
    "status": "L", "client_endpoint": "https://acme.bitrix24.com/rest/",
    "member_id": "a223c6b3710f85df22e9377d6c4f7553", "user_id": 1, "refresh_token": "b" * 70}

# What a head of the kind is long for: about 600 bytes.
FIELDS = {
    "Vary": "Accept-Encoding", "X-Powered-By": "PHP/8.2.20", "Pragma": "no-cache",
    "Expires": "Thu, 19 Nov 1981 08:52:00 GMT",
    "Cache-Control": "no-store, no-cache, must-revalidate",
    "P3P": 'policyref="/bitrix/p3p.xml", CP="NON DSP COR CUR ADM DEV PSA PSD OUR UNR BUS UNI"',
    "X-Powered-CMS": "Bitrix Site Manager (bc2cad9d1cd3d1b3cbfbf8e6c9d5ba2e)",
    "Set-Cookie": "qmb=0.; path=/; secure; HttpOnly; SameSite=None",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains"}

CONFIG = """
daemon off;
master_process off;
pid {place}/pid;
error_log {place}/error.log;
events {{ worker_connections 64; }}
http {{
    log_format bench '$ssl_protocol $ssl_session_reused $connection_requests $status';
    access_log {place}/access.log bench;
    client_body_temp_path {place}/body;
    proxy_temp_path {place}/proxy;
    fastcgi_temp_path {place}/fastcgi;
    uwsgi_temp_path {place}/uwsgi;
    scgi_temp_path {place}/scgi;
    default_type application/json;
    keepalive_timeout 600s;
    keepalive_requests 100000;
    ssl_certificate {certs}/leaf-ec.pem;
    ssl_certificate_key {certs}/leaf-ec.key;
    ssl_session_tickets on;
    ssl_session_cache shared:bench:1m;
    ssl_session_timeout 4h;
    {fields}
    {servers}
}}
"""
SERVER = """
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_protocols TLSv{version};
        location / {{ return 200 '{answer}'; }}
    }}
"""


class Server:
    """nginx, for the time of a with statement."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="tk-bench-")
        self.place = Path(self._folder.name)
        self.ports = dict(zip(VERSIONS, free_ports(len(VERSIONS))))
        self.root = self.place / "certs/root-ec.pem"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Server:
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.stop()

    def _start(self) -> None:
        certs.generate(self.place / "certs")
        answer = json.dumps(ANSWER, separators=(",", ":")).replace("/", "\\/")
        config = self.place / "nginx.conf"
        config.write_text(CONFIG.format(
            place=self.place, certs=self.place / "certs",
            fields="\n    ".join(f"add_header {k} '{v}';" for k, v in FIELDS.items()),
            servers="".join(SERVER.format(port=port, version=version, answer=answer)
                            for version, port in self.ports.items())))
        self._process = subprocess.Popen(
            ("setpriv", "--pdeathsig", "TERM",  # whatever ends this process ends nginx
             "nginx", "-p", self.place, "-e", self.place / "error.log", "-c", config))
        for port in self.ports.values():
            self._wait_for(port)

    def _wait_for(self, port: int) -> None:
        for _ in range(100):
            if self._process is None or self._process.poll() is not None:
                break
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError(f"nginx does not serve: {(self.place / 'error.log').read_text()}")

    def stop(self) -> None:
        """Ends nginx and removes what it had."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._process = None
        self._folder.cleanup()

    def requests(self) -> list[tuple[str, bool, bool]]:
        """Of every request since the last call: TLS version, whether its session was resumed,
        whether its connection was kept."""
        path = self.place / "access.log"
        lines = [line.split() for line in path.read_text().splitlines()]
        path.write_text("")
        return [(version.removeprefix("TLSv"), reused == "r", int(number) > 1)
                for version, reused, number, status in lines if status == "200"]
