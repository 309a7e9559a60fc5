"""What URLs and variables say of TLS, in the words that RabbitMQ and MySQL have for it."""

from collections.abc import Collection, Mapping
from pathlib import Path

from shared.configuration.environment import Environment
from shared.configuration.tls import Tls, TlsMode

#: RabbitMQ's parameters of a URL, and the variables that lend what a URL leaves out.
BROKER_PARAMETERS = {
    "cacertfile": "RABBITMQ_TLS_CA",
    "certfile": "RABBITMQ_TLS_CERT",
    "keyfile": "RABBITMQ_TLS_KEY",
    "verify": "RABBITMQ_TLS_VERIFY",
    "server_name_indication": "RABBITMQ_TLS_SERVER_NAME",
}
#: MySQL's options, as parameters and as variables.
DATABASE_PARAMETERS = {
    "ssl_ca": "MYSQL_SSL_CA",
    "ssl_cert": "MYSQL_SSL_CERT",
    "ssl_key": "MYSQL_SSL_KEY",
    "ssl_mode": "MYSQL_SSL_MODE",
    "ssl_server_name": "MYSQL_SSL_SERVER_NAME",
}
#: Switches off, in RabbitMQ's words, that the name is sent and verified.
_NO_NAME = "disable"


class _Words:
    """Settings by their parameter's name: from the URL, else from their variable."""

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
        """Return one of the choices, None where none is made."""
        value = self.text(name)
        chosen = next((choice for choice in choices if choice.casefold() == value.casefold()), None)
        if value and chosen is None:
            # Not the value itself: it may come from a file that is meant for something else.
            self.problem(name, f"has an unknown value for {name}; expected one of {', '.join(choices)}")
        return chosen

    def problem(self, name: str, message: str) -> None:
        self._environment.problem(self._url if self._parameters.get(name) else self._variables[name], message)

    def check(self, tls: Tls, names: Mapping[str, str]) -> Tls:
        """Note which files can't be used; `names` are the parameters of the fields."""
        for field, message in tls.problems():
            self.problem(names[field], message)
        return tls


def broker_tls(environment: Environment, *, url: str, parameters: Mapping[str, str]) -> Tls:
    """Read how the connection to RabbitMQ is encrypted, where it is: unless told otherwise, the server is verified."""
    words = _Words(environment, BROKER_PARAMETERS, url, parameters)
    name = words.text("server_name_indication")
    mode = TlsMode.VERIFY_CA if name == _NO_NAME else TlsMode.VERIFY_IDENTITY
    if words.choice("verify", ("verify_peer", "verify_none")) == "verify_none":
        mode = TlsMode.REQUIRED
    tls = Tls(
        mode=mode,
        ca_file=words.file("cacertfile"),
        cert_file=words.file("certfile"),
        key_file=words.file("keyfile"),
        server_name=None if name in ("", _NO_NAME) else name,
    )
    return words.check(tls, {"ca_file": "cacertfile", "cert_file": "certfile", "key_file": "keyfile"})


def database_tls(environment: Environment, *, url: str, parameters: Mapping[str, str]) -> Tls:
    """Read how the connection to the database is encrypted: not at all, unless something of TLS is set.

    The server is verified then, unless a mode that does not is named.
    """
    words = _Words(environment, DATABASE_PARAMETERS, url, parameters)
    chosen = words.choice("ssl_mode", [str(mode) for mode in TlsMode])
    tls = Tls(
        mode=TlsMode(chosen or TlsMode.VERIFY_IDENTITY),
        ca_file=words.file("ssl_ca"),
        cert_file=words.file("ssl_cert"),
        key_file=words.file("ssl_key"),
        server_name=words.text("ssl_server_name") or None,
    )
    if tls == Tls(mode=TlsMode.VERIFY_IDENTITY) and chosen is None:
        return Tls()
    if tls.ca_file is not None and not tls.verifies:
        words.problem("ssl_mode", f"asks for {tls.mode}, which uses no CA; expected VERIFY_CA or VERIFY_IDENTITY")
    elif tls.cert_file is not None and tls.mode in (TlsMode.DISABLED, TlsMode.PREFERRED):
        words.problem("ssl_mode", f"asks for {tls.mode}, which uses no certificate; expected REQUIRED or more")
    return words.check(tls, {"ca_file": "ssl_ca", "cert_file": "ssl_cert", "key_file": "ssl_key"})
