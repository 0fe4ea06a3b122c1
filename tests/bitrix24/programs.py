# SPDX-License-Identifier: Apache-2.0
"""Servers that most of the world has, in place of Python's: programs that serve on loopback for as
long as a test, nginx above all."""

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
    """A folder, and the programs that serve out of it until close() or the end of `with`."""

    def __init__(self) -> None:
        self.place = Path(tempfile.mkdtemp(prefix="tk-serve-"))
        self._processes: list[subprocess.Popen[bytes]] = []

    def begin(self, *command: str) -> None:
        """setpriv: whatever ends this process ends the server too."""
        with (self.place / "output").open("a") as output:
            self._processes.append(subprocess.Popen(
                ("setpriv", "--pdeathsig", "TERM", *command), cwd=self.place,
                stdin=subprocess.DEVNULL, stdout=output, stderr=output))

    def wait_for(self, port: int) -> None:
        """Until somebody listens there."""
        end = time.monotonic() + PATIENT_S
        while True:
            try:
                return socket.create_connection(("127.0.0.1", port), 1).close()
            except OSError:
                dead = any(process.poll() is not None for process in self._processes)
                if dead or time.monotonic() > end:
                    said = (self.place / "output").read_text()
                    self.close()
                    raise RuntimeError(f"no server: {said}") from None
            time.sleep(0.05)

    def close(self) -> None:
        """Ends them and removes the folder."""
        for process in self._processes:
            process.kill()
            process.wait()
        shutil.rmtree(self.place, ignore_errors=True)

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Seen(NamedTuple):
    """What nginx notes of a request."""

    port: int
    protocol: str  # TLSv1.2
    cipher: str
    resumed: bool
    kept: bool     # not the first of its connection
    path: str
    status: int


class Nginx(Program):
    """nginx with these lines in its http block."""

    def __init__(self, http: str, ports: list[int]) -> None:
        super().__init__()
        (self.place / "nginx.conf").write_text(NGINX.format(place=self.place, http=http))
        self.begin("/usr/sbin/nginx", "-p", str(self.place), "-e", f"{self.place}/error.log", "-c",
                   f"{self.place}/nginx.conf")
        for port in ports:
            self.wait_for(port)

    def requests(self) -> list[Seen]:
        """All so far."""
        lines = [line.split() for line in (self.place / "access.log").read_text().splitlines()]
        return [Seen(int(port), protocol, cipher, resumed == "r", int(number) > 1, path, int(status))
                for port, protocol, cipher, resumed, number, path, status in lines]
