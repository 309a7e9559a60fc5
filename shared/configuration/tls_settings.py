"""TLS settings from URLs and variables, under the names that RabbitMQ and the databases use."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from shared.configuration.environment import Environment
from shared.configuration.tls import Tls, TlsMode

#: RabbitMQ's URL parameters, and the variables used if the URL leaves them out.
BROKER_PARAMETERS = {
    "cacertfile": "RABBITMQ_TLS_CA",
    "certfile": "RABBITMQ_TLS_CERT",
    "keyfile": "RABBITMQ_TLS_KEY",
    "verify": "RABBITMQ_TLS_VERIFY",
    "server_name_indication": "RABBITMQ_TLS_SERVER_NAME",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseTls:
    """What a database's clients call the settings of TLS: parameters of a URL, and the modes."""

    #: The variables that lend what a URL leaves out, by parameter.
    variables: Mapping[str, str]
    mode: str
    ca: str
    cert: str
    key: str
    #: None: the name is that of the host, and the address is another parameter.
    server_name: str | None = None
    modes: Mapping[str, TlsMode]
    #: Whether the system's authorities count where no CA is named and the name is not verified.
    has_system_ca: bool


MYSQL_TLS = DatabaseTls(
    variables={
        "ssl_ca": "MYSQL_SSL_CA",
        "ssl_cert": "MYSQL_SSL_CERT",
        "ssl_key": "MYSQL_SSL_KEY",
        "ssl_mode": "MYSQL_SSL_MODE",
        "ssl_server_name": "MYSQL_SSL_SERVER_NAME",
    },
    mode="ssl_mode",
    ca="ssl_ca",
    cert="ssl_cert",
    key="ssl_key",
    server_name="ssl_server_name",
    modes={str(mode): mode for mode in TlsMode},
    has_system_ca=True,
)
POSTGRESQL_TLS = DatabaseTls(
    variables={
        "sslrootcert": "PGSSLROOTCERT",
        "sslcert": "PGSSLCERT",
        "sslkey": "PGSSLKEY",
        "sslmode": "PGSSLMODE",
    },
    mode="sslmode",
    ca="sslrootcert",
    cert="sslcert",
    key="sslkey",
    modes={
        "disable": TlsMode.DISABLED,
        "prefer": TlsMode.PREFERRED,
        "require": TlsMode.REQUIRED,
        "verify-ca": TlsMode.VERIFY_CA,
        "verify-full": TlsMode.VERIFY_IDENTITY,
    },
    has_system_ca=False,
)
#: Switches off, in RabbitMQ's words, that the name is sent and verified.
_NO_NAME = "disable"


class _TlsParameters:
    """Settings by parameter name: taken from the URL, else from the variable."""

    def __init__(
        self, environment: Environment, variables: Mapping[str, str], url: str, parameters: Mapping[str, str]
    ) -> None:
        self._environment = environment
        self._variables = variables
        self._url = url
        self._parameters = parameters

    def text(self, name: str) -> str:
        return self._parameters.get(name) or self._environment.text(self._variables[name], "")

    def file(self, name: str) -> Path | None:
        value = self._parameters.get(name)
        return Path(value) if value else self._environment.file(self._variables[name])

    def choice(self, name: str, choices: Collection[str]) -> str | None:
        """Return one of the choices, ignoring case; None if the setting is missing."""
        value = self.text(name)
        chosen = next((choice for choice in choices if choice.casefold() == value.casefold()), None)
        if value and chosen is None:
            # The value is not shown: it may come from the wrong file.
            self.problem(name, f"has an unknown value for {name}; expected one of {', '.join(choices)}")
        return chosen

    def problem(self, name: str, message: str) -> None:
        self._environment.problem(self._url if self._parameters.get(name) else self._variables[name], message)

    def check(self, tls: Tls, names: Mapping[str, str]) -> Tls:
        """Report the files that can't be used; `names` maps fields to parameters."""
        for field, message in tls.problems():
            self.problem(names[field], message)
        return tls


def broker_tls(environment: Environment, *, url: str, parameters: Mapping[str, str]) -> Tls:
    """Read the TLS settings of an encrypted connection to RabbitMQ; the server is verified by default."""
    given = _TlsParameters(environment, BROKER_PARAMETERS, url, parameters)
    name = given.text("server_name_indication")
    mode = TlsMode.VERIFY_CA if name == _NO_NAME else TlsMode.VERIFY_IDENTITY
    if given.choice("verify", ("verify_peer", "verify_none")) == "verify_none":
        mode = TlsMode.REQUIRED
    tls = Tls(
        mode=mode,
        ca_file=given.file("cacertfile"),
        cert_file=given.file("certfile"),
        key_file=given.file("keyfile"),
        server_name=None if name in ("", _NO_NAME) else name,
    )
    return given.check(tls, {"ca_file": "cacertfile", "cert_file": "certfile", "key_file": "keyfile"})


def database_tls(environment: Environment, names: DatabaseTls, *, url: str, parameters: Mapping[str, str]) -> Tls:
    """Read how the connection to the database is encrypted: not at all, unless something of TLS is set.

    The server is then verified, unless the mode says otherwise.
    """
    words = _TlsParameters(environment, names.variables, url, parameters)
    chosen = words.choice(names.mode, names.modes)
    tls = Tls(
        mode=names.modes[chosen] if chosen else TlsMode.VERIFY_IDENTITY,
        ca_file=words.file(names.ca),
        cert_file=words.file(names.cert),
        key_file=words.file(names.key),
        server_name=(words.text(names.server_name) or None) if names.server_name else None,
    )
    if tls == Tls(mode=TlsMode.VERIFY_IDENTITY) and chosen is None:
        return Tls()
    by_mode = {mode: name for name, mode in names.modes.items()}
    if tls.ca_file is not None and not tls.verifies:
        verifying = f"{by_mode[TlsMode.VERIFY_CA]} or {by_mode[TlsMode.VERIFY_IDENTITY]}"
        words.problem(names.mode, f"asks for {by_mode[tls.mode]}, which uses no CA; expected {verifying}")
    elif tls.cert_file is not None and tls.mode in (TlsMode.DISABLED, TlsMode.PREFERRED):
        wanted = f"{by_mode[TlsMode.REQUIRED]} or more"
        words.problem(names.mode, f"asks for {by_mode[tls.mode]}, which uses no certificate; expected {wanted}")
    elif tls.mode is TlsMode.VERIFY_CA and tls.ca_file is None and not names.has_system_ca:
        words.problem(names.mode, f"asks for {chosen}, but no {names.ca} names the CA's certificate; expected both")
    return words.check(tls, {"ca_file": names.ca, "cert_file": names.cert, "key_file": names.key})
