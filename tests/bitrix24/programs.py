# SPDX-License-Identifier: Apache-2.0
"""Widely used servers, nginx above all, on loopback for the duration of a test."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

from patience import PATIENT_S

NGINX = """
daemon off;
master_process off;
pid {place}/pid;
error_log {place}/error.log;
events {{ worker_connections 64; }}
http {{
    log_format seen '$server_port $ssl_protocol $ssl_cipher $ssl_session_reused '
                    '$connection_requests $uri $status';
    access_log {place}/access.log seen;
    client_body_temp_path {place}/body;
    proxy_temp_path {place}/proxy;
    fastcgi_temp_path {place}/fastcgi;
    uwsgi_temp_path {place}/uwsgi;
    scgi_temp_path {place}/scgi;
    {http}
}}
"""


class Program:
    """A directory, and the programs that run in it until close() or the end of `with`."""

    def __init__(self) -> None:
        self.place = Path(tempfile.mkdtemp(prefix="tk-serve-"))
        self._processes: list[subprocess.Popen[bytes]] = []

    def begin(self, *command: str) -> None:
        """setpriv: the server ends with this process, however that ends."""
        with (self.place / "output").open("a") as output:
            self._processes.append(subprocess.Popen(
                ("setpriv", "--pdeathsig", "TERM", *command), cwd=self.place,
                stdin=subprocess.DEVNULL, stdout=output, stderr=output))

    def wait_for(self, port: int) -> None:
        """Waits until the port accepts connections."""
        end = time.monotonic() + PATIENT_S
        while True:
            try:
                return socket.create_connection(("127.0.0.1", port), 1).close()
            except OSError:
                dead = any(process.poll() is not None for process in self._processes)
                if dead or time.monotonic() > end:
                    output = (self.place / "output").read_text()
                    self.close()
                    raise RuntimeError(f"the server did not start: {output}") from None
            time.sleep(0.05)

    def close(self) -> None:
        """Ends the programs and removes the directory."""
        for process in self._processes:
            process.kill()
            process.wait()
        shutil.rmtree(self.place, ignore_errors=True)

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Seen(NamedTuple):
    """A request in the access log of nginx."""

    port: int
    protocol: str  # TLSv1.2
    cipher: str
    resumed: bool
    kept: bool     # not the first request of its connection
    path: str
    status: int


class Nginx(Program):
    """nginx with these directives in its http block."""

    def __init__(self, http: str, ports: list[int]) -> None:
        super().__init__()
        (self.place / "nginx.conf").write_text(NGINX.format(place=self.place, http=http))
        self.begin("/usr/sbin/nginx", "-p", str(self.place), "-e", f"{self.place}/error.log", "-c",
                   f"{self.place}/nginx.conf")
        for port in ports:
            self.wait_for(port)

    def requests(self) -> list[Seen]:
        """All requests so far."""
        lines = [line.split() for line in (self.place / "access.log").read_text().splitlines()]
        return [Seen(int(port), protocol, cipher, resumed == "r", int(number) > 1, path, int(status))
                for port, protocol, cipher, resumed, number, path, status in lines]
