"""A certificate authority for tests, and the certificates that it signs."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

LIFETIME = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A certificate and its key, as files."""

    cert: Path
    key: Path


class Authority:
    """Signs certificates; its own certificate is in a file."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder
        self.name = _name(name)
        self.ca = folder / f"{name}.pem"
        self._key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(self.name, self.name, self._key).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        )
        self.ca.write_bytes(_pem(builder.sign(self._key, hashes.SHA256())))

    def sign(self, name: str, *alternatives: str) -> Signed:
        """Sign a certificate for host names and addresses; `name` is only its subject."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(_name(name), self.name, key)
        if alternatives:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([_alternative(each) for each in alternatives]), critical=False
            )
        signed = Signed(cert=self.folder / f"{name}.pem", key=self.folder / f"{name}.key")
        signed.cert.write_bytes(_pem(builder.sign(self._key, hashes.SHA256())))
        signed.key.write_bytes(_key_pem(key))
        return signed


@contextmanager
def authority(name: str) -> Iterator[Authority]:
    """Yield an authority whose files are removed at the end."""
    with TemporaryDirectory(prefix="inflow-certificates-") as folder:
        yield Authority(Path(folder), name)


def copied(folder: Path, *files: Path) -> list[Path]:
    """Copy files to a folder that a server under another account may read."""
    for file in files:
        (folder / file.name).write_bytes(file.read_bytes())
        (folder / file.name).chmod(0o644)
    return [folder / file.name for file in files]


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - LIFETIME)
        .not_valid_after(now + LIFETIME)
    )


def _alternative(name: str) -> x509.GeneralName:
    return x509.IPAddress(ip_address(name)) if name[0].isdigit() else x509.DNSName(name)


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
