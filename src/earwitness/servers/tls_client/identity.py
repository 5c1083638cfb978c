"""A certificate with its key, for a client to show.

Keys are read from files, compared with their certificate, and handed to the TLS library; nothing here
sends or shows one.
"""

import datetime as dt
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)
from OpenSSL import SSL


class NotAnIdentity(ValueError):
    """Files that are no certificate with its key; the message is one line and quotes neither."""


@dataclass(frozen=True, kw_only=True)
class Identity:
    """A certificate, what vouches for it, and its key."""

    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...] = ()
    """Intermediate authorities."""
    key: PrivateKeyTypes = field(repr=False)

    def use(self, connection: SSL.Connection) -> None:
        """Have the connection show it when it is asked."""
        connection.use_certificate(self.certificate)
        connection.use_privatekey(self.key)  # type: ignore[arg-type]

    @property
    def out_of_date(self) -> str:
        """When it ended or begins, in words; empty while it is good."""
        now = dt.datetime.now(dt.UTC)
        first, last = self.certificate.not_valid_before_utc, self.certificate.not_valid_after_utc
        if now > last:
            return f"ended on {last:%Y-%m-%d at %H:%M} UTC"
        return f"begins only on {first:%Y-%m-%d at %H:%M} UTC" if now < first else ""

    @property
    def common_name(self) -> str:
        """Of its subject; empty without one."""
        found = self.certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        return str(found[0].value) if found else ""

    @property
    def issuer(self) -> str:
        """Who signed the certificate, as RFC 4514 writes names."""
        return self.certificate.issuer.rfc4514_string()


def read(certificate: Path, key: Path) -> Identity:
    """The identity of two PEM files. Raises NotAnIdentity."""
    certificates = _certificates(certificate)
    private = _key(key)
    if _public(certificates[0].public_key()) != _public(private.public_key()):
        raise NotAnIdentity(f"the key {key} does not belong to the certificate {certificate}")
    return Identity(certificate=certificates[0], chain=tuple(certificates[1:]), key=private)


@cache
def stranger() -> Identity:
    """A certificate that nobody vouches for, signed with its own key and made anew each time."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "stranger")])
    now = dt.datetime.now(dt.UTC)
    certificate = x509.CertificateBuilder(
        issuer_name=name,
        subject_name=name,
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=now - dt.timedelta(hours=1),
        not_valid_after=now + dt.timedelta(days=1),
    ).sign(key, hashes.SHA256())
    return Identity(certificate=certificate, key=key)


def _certificates(path: Path) -> list[x509.Certificate]:
    try:
        found = x509.load_pem_x509_certificates(path.read_bytes())
    except OSError as problem:
        raise NotAnIdentity(f"cannot read {path}: {problem.strerror}") from None
    except ValueError:
        raise NotAnIdentity(f"{path} is no certificate in PEM") from None
    return found


def _key(path: Path) -> PrivateKeyTypes:
    try:
        return load_pem_private_key(path.read_bytes(), password=None)
    except OSError as problem:
        raise NotAnIdentity(f"cannot read {path}: {problem.strerror}") from None
    except TypeError:
        raise NotAnIdentity(f"the key {path} is encrypted; give one that is not") from None
    except ValueError:
        raise NotAnIdentity(f"{path} is no private key in PEM") from None


def _public(key: object) -> bytes:
    encoded: bytes = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[attr-defined]
    return encoded
