#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A simulated Bitrix24: OAuth server, portal and webhook behind real TLS, on loopback.

It follows the rules of the real one (codes of 30 seconds, rotation, its error responses and its
quirks) and injects faults. To try it:

    python3 tests/bitrix24/bitrix24.py --dir /tmp/b24 --control-port 8024
        prints one line of JSON: oauth, portal, webhook, control, ca, client_id, client_secret,
        corezoid_token_url, _login, _key and _conv

    curl -s -X POST localhost:8024/code         returns {"code": ..., "redirect": ...}
    curl -s --cacert CA https://OAUTH/oauth/token/ -d grant_type=authorization_code \\
         -d client_id=ID -d client_secret=SECRET -d code=CODE
    curl -s localhost:8024/fault -d '{"listener": "oauth", "kind": "error",
         "code": "PAYMENT_REQUIRED"}'           the next request gets this error
    curl -s localhost:8024/log                  the requests so far

In a browser https://PORTAL/oauth/authorize/?client_id=ID redirects to the application's handler.
The same from Python, with this directory in sys.path:

    from bitrix24 import Bitrix24
    with Bitrix24() as b24:
        b24.fault("oauth", "lost_answer")
        code = b24.code()["code"]               # ... b24.oauth, b24.ca, b24.client_secret
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

import certs
import control
import faults
import settings
from journal import Journal
from oauth import Client, DEFAULT_HANDLER, DEFAULT_SCOPE, Names, OAuth, new_client_id, \
    new_client_secret
from portal import Portal, Webhook
from server import Listener, Service, Shared, Tls


class Bitrix24(control.Control):
    """The servers. The constructor binds the ports; start() begins to serve.

    host is its name for clients. Settings (see settings.py) are keyword arguments: Bitrix24(tls="1.2", oauth_cert="rsa").
    """

    def __init__(self, directory: Path | str | None = None, *, oauth_port: int = 0,
                 portal_port: int = 0, webhook_port: int = 0, control_port: int = 0,
                 client_id: str | None = None, client_secret: str | None = None,
                 scope: str = DEFAULT_SCOPE, handler: str = DEFAULT_HANDLER,
                 host: str = "localhost", rsa4096: bool = False, **changes: Any) -> None:
        chosen = settings.Settings()
        chosen.update(changes)
        self._private = Path(tempfile.mkdtemp(prefix="bitrix24-")) if directory is None else None
        home = self._private or Path(directory or "").absolute()
        try:
            self.ca = str(certs.generate(home, rsa4096 or "rsa4096" in changes.values()))
            shared = Shared(chosen, Journal(), faults.FaultBox(), Tls(home, chosen))
            client = Client(client_id or new_client_id(), client_secret or new_client_secret(),
                            scope, handler)
            names = Names()
            oauth = OAuth(shared, names, client)
            portal = Portal(shared, oauth)
            webhook = Webhook(shared.journal)
            super().__init__(home, shared, oauth, portal)
            wanted: dict[str, tuple[Service, int]] = {
                "oauth": (oauth, oauth_port), "portal": (portal, portal_port),
                "webhook": (webhook, webhook_port),
                "control": (control.Service(self), control_port)}
            for name, (service, port) in wanted.items():
                self._listeners[name] = Listener(name, service, shared, port, name != "control")
        except BaseException:
            self.stop()
            raise
        ports = {name: listener.port for name, listener in self._listeners.items()}
        self.oauth = names.oauth = f"{host}:{ports['oauth']}"
        self.portal = names.portal = f"{host}:{ports['portal']}"
        self.webhook, self.corezoid = f"{host}:{ports['webhook']}", webhook.corezoid
        self.control = f"127.0.0.1:{ports['control']}"
        self.client_id, self.client_secret = client.client_id, client.client_secret

    def ready(self) -> dict[str, str]:
        """Addresses, CA file and credentials for a client."""
        corezoid = {"url": f"https://{self.webhook}", "login": self.corezoid.token_login,
                    "key": self.corezoid.token_key, "conv": str(self.corezoid.diagram)}
        return {name: getattr(self, name) for name in
                ("oauth", "portal", "webhook", "control", "ca", "client_id", "client_secret")
                } | {f"corezoid_token_{name}": value for name, value in corezoid.items()}

    def start(self) -> Bitrix24:
        for listener in self._listeners.values():
            listener.start()
        return self

    def stop(self) -> None:
        """Closes every connection, also a stalled one. A stopped Bitrix24 cannot be restarted."""
        listeners = getattr(self, "_listeners", {})
        for listener in listeners.values():
            listener.stop()
        listeners.clear()
        if self._private:
            shutil.rmtree(self._private, ignore_errors=True)

    def __enter__(self) -> Bitrix24:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


def _epilog() -> str:
    """Generated from the tables of the other modules."""
    lines = ["control port (plain HTTP, JSON in and out):"]
    lines += [f"  {route.method:6} {route.path:10} {route.help}" for route in control.ROUTES]
    lines += ["", "faults (POST /fault; `path` is a prefix, `count` -1 means until cleared, `skip` "
              "lets requests", "pass first, `process` selects whether the request is processed):"]
    lines += [f"  {kind:16} {words}" + (f"\n{'':19}{args}" if args else "")
              for kind, args, words in faults.describe()]
    lines += ["", "arguments of faults:"]
    lines += [f"  {name:12} {words}" for name, (_, words) in faults.ARGS.items()]
    lines += ["", "settings (POST /settings, --set):"]
    lines += [f"  {name:22} {json.dumps(default):16} {words}"
              for name, default, words in settings.describe()]
    return "\n".join(lines)


def _setting(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError("expected NAME=VALUE")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bitrix24.py", description=__doc__, epilog=_epilog(),
        formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("oauth", "portal", "webhook", "control"):
        parser.add_argument(f"--{name}-port", type=int, default=0, metavar="PORT",
                            help=f"port of the {name} listener (default: a free one)")
    parser.add_argument("--dir", metavar="DIR", help="keep certificates here (default: a private "
                        "directory, removed at the end)")
    parser.add_argument("--for-qemu", metavar="DIR", help="--dir DIR, in the background (DIR/pid), "
                        "at the address that a board in QEMU's user network has for this machine; "
                        "DIR/gateway.txt has the settings of a gateway, for tokenkeeper do")
    parser.add_argument("--cert", choices=certs.CHOICES, default="ec",
                        help="certificate of the three TLS listeners")
    parser.add_argument("--rsa4096", action="store_true", help="also generate that chain; slow")
    parser.add_argument("--tls", choices=("any", "1.2", "1.3"), default="any")
    parser.add_argument("--no-resume", action="store_true", help="no TLS sessions or tickets")
    parser.add_argument("--client-id", metavar="ID", help="default: generated at each start")
    parser.add_argument("--client-secret-file", metavar="FILE", help="file with the client_secret")
    parser.add_argument("--scope", default=DEFAULT_SCOPE, help="scope of the client (%(default)s)")
    parser.add_argument("--handler", default=DEFAULT_HANDLER, metavar="URL",
                        help="redirect target of the authorization (%(default)s)")
    parser.add_argument("--set", type=_setting, action="append", default=[], metavar="NAME=VALUE",
                        help="any of the settings below; may be repeated")
    parser.add_argument("--with-parent", action="store_true", help="exit when stdin is closed")
    return parser


def _from_arguments(arguments: argparse.Namespace) -> Bitrix24:
    secret = None
    if arguments.client_secret_file:
        secret = Path(arguments.client_secret_file).read_text().strip()
        if not secret:
            raise ValueError(f"{arguments.client_secret_file} is empty")
    changes = {f"{name}_cert": arguments.cert for name in faults.LISTENERS}
    changes |= {"tls": arguments.tls, "resume": not arguments.no_resume} | dict(arguments.set)
    directory, host = arguments.dir, "localhost"
    if arguments.for_qemu:
        directory, host = arguments.for_qemu, certs.QEMU
    return Bitrix24(directory, host=host, oauth_port=arguments.oauth_port,
                    portal_port=arguments.portal_port, webhook_port=arguments.webhook_port,
                    control_port=arguments.control_port, client_id=arguments.client_id,
                    client_secret=secret, scope=arguments.scope, handler=arguments.handler,
                    rsa4096=arguments.rsa4096, **changes)


def _write_settings(b24: Bitrix24, directory: Path) -> None:
    """What a gateway needs for this Bitrix24."""
    file = directory / "gateway.txt"
    file.touch(mode=0o600)
    file.write_text(f"set portal {b24.portal}\nset auth_host {b24.oauth}\n"
                    f"set client_id {b24.client_id}\nset client_secret {b24.client_secret}\n"
                    "check\n")
    (directory / "pid").write_text(f"{os.getpid()}\n")


def _to_background() -> None:
    """Goes on in a child; this process prints what that one prints, and ends when it is ready."""
    ours, theirs = os.pipe()
    if os.fork() == 0:
        os.setsid()
        os.dup2(theirs, 1)
        os.close(ours)
        os.close(theirs)
        return
    os.close(theirs)
    with os.fdopen(ours) as output:
        ready = output.read()
    print(ready, end="", flush=True)
    os._exit(0 if ready else 1)


def _leave_terminal() -> None:
    nothing = os.open(os.devnull, os.O_RDWR)
    for fd in range(3):
        os.dup2(nothing, fd)


def main() -> int:
    arguments = _parser().parse_args()
    if arguments.for_qemu:
        _to_background()
    done = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: done.set())
    try:
        b24 = _from_arguments(arguments)
    except (ValueError, RuntimeError, OSError, OverflowError) as error:
        print(f"bitrix24.py: {error}", file=sys.stderr)
        return 1

    def follow_parent() -> None:
        while os.read(0, 4096):     # not sys.stdin: its lock would block the exit
            pass
        done.set()

    with b24:
        if arguments.with_parent:
            threading.Thread(target=follow_parent, daemon=True).start()
        if arguments.for_qemu:
            _write_settings(b24, Path(arguments.for_qemu))
        print(json.dumps(b24.ready()), flush=True)
        if arguments.for_qemu:
            _leave_terminal()
        done.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
