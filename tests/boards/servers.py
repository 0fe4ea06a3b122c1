# SPDX-License-Identifier: Apache-2.0
"""nginx in front of a Bitrix24, and openssl s_server: widely used TLS servers, on loopback with
TLS 1.2. Each ends with the test that started it."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "bitrix24"))
import programs  # noqa: E402
from ports import free_ports  # noqa: E402

CHAINS = ("ec", "rsa")

# The TLS between nginx and Bitrix24 is not under test.
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


class Nginx(programs.Nginx):
    """A port per pair of host and chain, in front of the server of that host. behind: addresses of
    these servers by host name."""

    def __init__(self, certs: str, behind: dict[str, str]) -> None:
        pairs = [(name, chain) for name in behind for chain in CHAINS]
        self.ports = dict(zip(pairs, free_ports(len(pairs))))
        servers = [NGINX_SERVER.format(port=port, certs=certs, chain=chain, behind=behind[name],
                                       name=name)
                   for (name, chain), port in self.ports.items()]
        super().__init__("ssl_protocols TLSv1.2; ssl_session_tickets on;" + "".join(servers),
                         list(self.ports.values()))

    def requests_of(self, name: str, chain: str) -> list[programs.Seen]:
        """The requests to this host with this chain so far."""
        return [one for one in self.requests() if one.port == self.ports[name, chain]]


class OpenSsl(programs.Program):
    """`openssl s_server`, with TLS 1.2 unless options say otherwise, one per pair of host and chain, because each serves one
    client at a time; it returns a page about the connection."""

    def __init__(self, certs: str, names: tuple[str, ...], *options: str) -> None:
        super().__init__()
        pairs = [(name, chain) for name in names for chain in CHAINS]
        self.ports = dict(zip(pairs, free_ports(len(pairs))))
        for (_, chain), port in self.ports.items():
            self.begin("openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-www",
                       "-cert", f"{certs}/leaf-{chain}.pem", "-key", f"{certs}/leaf-{chain}.key",
                       "-cert_chain", f"{certs}/leaf-{chain}.pem", *(options or ("-tls1_2",)))
        for port in self.ports.values():
            self.wait_for(port)
