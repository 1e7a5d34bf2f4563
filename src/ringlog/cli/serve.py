"""`ringlog serve`: the server over an embedded store."""

import socket
import ssl
from pathlib import Path
from typing import Annotated

import typer

from ringlog.cli import options
from ringlog.cli.expire import CallsDays, Days
from ringlog.config import Retention
from ringlog.errors import ConfigurationFault

Host = Annotated[str, typer.Option(help="The address to listen on.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on; 0: any free one.")]
TlsCert = Annotated[Path | None, typer.Option(metavar="FILE", help="A certificate, to serve HTTPS.")]
TlsKey = Annotated[Path | None, typer.Option(metavar="FILE", help="The certificate's key.")]
IdleMinutes = Annotated[int, typer.Option(min=1, help="A silent call without an end reads as ended then.")]


def serve(  # noqa: PLR0917 - Typer calls it with keywords
    store: options.Store = options.STORE,
    host: Host = "127.0.0.1",
    port: Port = 8080,
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
    retention_days: Days = 5,
    calls_days: CallsDays = 365,
    idle_minutes: IdleMinutes = 120,
) -> None:
    """Serve the API over an embedded store, until SIGTERM or Ctrl-C."""
    from ringlog.cli import serving  # noqa: PLC0415 - see there

    check_certificate(tls_cert, tls_key)
    with listening(host, port) as listener:
        retention = Retention(retention_days, calls_days, idle_minutes)
        serving.run(store, retention, listener, tls_cert, tls_key)


def listening(host: str, port: int) -> socket.socket:
    """A bound socket. Raises ConfigurationFault where there can be none."""
    try:
        family, kind, _, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(where)
        except OSError:
            listener.close()
            raise
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ConfigurationFault(f"Cannot listen on {host} port {port}: {reason}.") from None
    return listener


def check_certificate(certificate: Path | None, key: Path | None) -> None:
    """Raises ConfigurationFault where HTTPS is asked for and cannot be served."""
    if certificate is None:
        if key is not None:
            raise ConfigurationFault("--tls-key needs --tls-cert.")
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
    except ssl.SSLError:
        raise ConfigurationFault(f"{certificate} and its key are no certificate to serve with.") from None
    except OSError as error:
        missing = key if key and certificate.is_file() else certificate
        raise ConfigurationFault(f"{missing}: {error.strerror}.") from None


def register(app: typer.Typer) -> None:
    app.command("serve", epilog="Example: ringlog serve --port 8080 --retention-days 5")(serve)
