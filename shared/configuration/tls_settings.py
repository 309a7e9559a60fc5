"""TLS settings from URLs and variables, under the names that RabbitMQ and MySQL use."""

from collections.abc import Collection, Mapping
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
#: MySQL's options as URL parameters and as variables.
DATABASE_PARAMETERS = {
    "ssl_ca": "MYSQL_SSL_CA",
    "ssl_cert": "MYSQL_SSL_CERT",
    "ssl_key": "MYSQL_SSL_KEY",
    "ssl_mode": "MYSQL_SSL_MODE",
    "ssl_server_name": "MYSQL_SSL_SERVER_NAME",
}
#: RabbitMQ's value for neither sending nor verifying the server's name.
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


def database_tls(environment: Environment, *, url: str, parameters: Mapping[str, str]) -> Tls:
    """Read the TLS settings of the connection to the database: it is encrypted only if any of them is set.

    The server is then verified, unless the mode says otherwise.
    """
    given = _TlsParameters(environment, DATABASE_PARAMETERS, url, parameters)
    chosen = given.choice("ssl_mode", [str(mode) for mode in TlsMode])
    tls = Tls(
        mode=TlsMode(chosen or TlsMode.VERIFY_IDENTITY),
        ca_file=given.file("ssl_ca"),
        cert_file=given.file("ssl_cert"),
        key_file=given.file("ssl_key"),
        server_name=given.text("ssl_server_name") or None,
    )
    if tls == Tls(mode=TlsMode.VERIFY_IDENTITY) and chosen is None:
        return Tls()
    if tls.ca_file is not None and not tls.verifies:
        given.problem("ssl_mode", f"asks for {tls.mode}, which uses no CA; expected VERIFY_CA or VERIFY_IDENTITY")
    elif tls.cert_file is not None and tls.mode in (TlsMode.DISABLED, TlsMode.PREFERRED):
        given.problem("ssl_mode", f"asks for {tls.mode}, which uses no certificate; expected REQUIRED or more")
    return given.check(tls, {"ca_file": "ssl_ca", "cert_file": "ssl_cert", "key_file": "ssl_key"})
