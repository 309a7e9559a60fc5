"""How a connection is encrypted, and what of the server is verified: the same for every kind of server."""

import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Self


class TlsMode(StrEnum):
    """As MySQL's clients call them; PostgreSQL's sslmode has the same ones under other names."""

    DISABLED = "DISABLED"
    #: Encrypted where the server can, and whoever it is.
    PREFERRED = "PREFERRED"
    #: Encrypted, whoever the server is.
    REQUIRED = "REQUIRED"
    #: The server has a certificate of the CA.
    VERIFY_CA = "VERIFY_CA"
    #: And the certificate is for its name.
    VERIFY_IDENTITY = "VERIFY_IDENTITY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """What a connection is encrypted with. Files are PEM; without a CA's, the system's authorities count."""

    mode: TlsMode = TlsMode.DISABLED
    ca_file: Path | None = None
    cert_file: Path | None = None
    #: None: the key is in the certificate's file.
    key_file: Path | None = None
    #: What the server is asked for, and has to be; None: the host's name.
    server_name: str | None = None

    @property
    def is_on(self) -> bool:
        """Whether anything is encrypted."""
        return self.mode is not TlsMode.DISABLED

    @property
    def verifies(self) -> bool:
        """Whether another server in the place of the right one is noticed."""
        return self.mode in (TlsMode.VERIFY_CA, TlsMode.VERIFY_IDENTITY)

    def context(self) -> ssl.SSLContext:
        """Read the files, as they are now; OSError where one can't be used."""
        context = ssl.create_default_context(cafile=self.ca_file)
        # Python 3.13 asks for extensions that certificates made by the servers themselves lack; their clients do not.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        context.check_hostname = self.mode is TlsMode.VERIFY_IDENTITY
        if not self.verifies:
            context.verify_mode = ssl.CERT_NONE
        if self.cert_file is not None:
            context.load_cert_chain(self.cert_file, self.key_file, password=_no_passphrase)
        return context

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield which of the files can't be used, by its field, and why."""
        files = {"ca_file": self.ca_file, "cert_file": self.cert_file, "key_file": self.key_file}
        unreadable = False
        for field, file in files.items():
            if file is not None and (reason := _unreadable(file)):
                unreadable = True
                yield field, f'names "{file}", which can\'t be read: {reason}; expected a readable file'
        if self.key_file is not None and self.cert_file is None:
            yield "key_file", "names a key, but no certificate; expected both"
        elif not unreadable:
            yield from self._unusable()

    def _unusable(self) -> Iterator[tuple[str, str]]:
        try:
            Tls(mode=self.mode, ca_file=self.ca_file).context()
        except OSError as error:
            yield "ca_file", f'names "{self.ca_file}", which is not a CA certificate: {error}'
            return
        try:
            self.context()
        except OSError as error:
            yield "cert_file", f'names "{self.cert_file}", which can\'t be used with its key: {error}'


class FreshContext(ssl.SSLContext):
    """A context for many connections: each is made from the files as they are then, and asks for the right name."""

    def __new__(cls, _tls: Tls) -> Self:
        """Make a client's; its own settings do not matter."""
        return super().__new__(cls, ssl.PROTOCOL_TLS_CLIENT)

    def __init__(self, tls: Tls) -> None:
        self._tls = tls

    def wrap_socket(self, sock: socket.socket, *, server_hostname: str) -> ssl.SSLSocket:  # type: ignore[override]
        """Begin TLS as a client; OSError where a file can't be used or the server is not the right one."""
        return self._tls.context().wrap_socket(sock, server_hostname=self._tls.server_name or server_hostname)


def _unreadable(file: Path) -> str | None:
    try:
        file.open("rb").close()
    except OSError as error:
        return error.strerror
    return None


def _no_passphrase() -> str:
    """Without this, OpenSSL would ask for one on the terminal."""
    raise OSError("the key has a passphrase; expected one without")
