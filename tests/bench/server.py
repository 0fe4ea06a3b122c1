# SPDX-License-Identifier: Apache-2.0
"""A token endpoint that always gives the same answer: nginx on 127.0.0.1, TLS 1.2 on one port and
1.3 on the other, an ECDSA chain of three, tickets, stored sessions (curl takes no ticket under 1.2)
and kept connections."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "bitrix24"))
import certs  # noqa: E402
from ports import free_ports  # noqa: E402
from programs import Nginx, Seen  # noqa: E402

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
"""
SERVER = """
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_protocols TLSv{version};
        location / {{ return 200 '{answer}'; }}
    }}
"""


class Server(Nginx):
    """For the time of a with statement."""

    def __init__(self) -> None:
        self._certs = tempfile.TemporaryDirectory(prefix="tk-bench-")
        self.ports = dict(zip(VERSIONS, free_ports(len(VERSIONS))))
        self.root = Path(self._certs.name) / "root-ec.pem"
        self._checked = 0
        certs.generate(Path(self._certs.name))
        answer = json.dumps(ANSWER, separators=(",", ":")).replace("/", "\\/")
        super().__init__(CONFIG.format(
            certs=self._certs.name,
            fields="\n    ".join(f"add_header {k} '{v}';" for k, v in FIELDS.items()),
            servers="".join(SERVER.format(port=port, version=version, answer=answer)
                            for version, port in self.ports.items())), list(self.ports.values()))

    def close(self) -> None:
        super().close()
        self._certs.cleanup()

    def new_requests(self) -> list[Seen]:
        """Of every request that went well since the last call."""
        seen = self.requests()
        new, self._checked = seen[self._checked:], len(seen)
        return [one for one in new if one.status == 200]
