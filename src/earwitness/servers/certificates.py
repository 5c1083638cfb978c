"""A throw-away certificate authority, and what it issues and revokes.

For servers of an experiment that speak TLS. Only values and files: who uses a certificate, and for
what, is the affair of others. Everything is ECDSA on P-256, signed with SHA-256, and short-lived.

Keys are files that only their reader can open (0600); certificates and revocation lists are
readable by everybody who can enter the folder. Serial numbers are drawn by the library's random
source, so no two authorities share one in practice. Needs the wheel ``cryptography``.
"""

import datetime as dt
import hashlib
import ipaddress
import os
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from earwitness.servers.process import User

DEFAULT_VALIDITY = dt.timedelta(days=7)
LONGEST_PINNED_VALIDITY = dt.timedelta(days=14)
"""What a browser accepts by its fingerprint alone (WebTransport, custom certificate requirements)."""
_SKEW = dt.timedelta(hours=1)
"""How far a certificate's first second lies in the past, for clocks that disagree."""


@dataclass(frozen=True, kw_only=True)
class Issued:
    """A certificate with its key, both as PEM files."""

    name: str
    """Its common name."""
    certificate: Path
    key: Path
    serial: int
    sha256: bytes
    """Fingerprint: the digest of the certificate in DER, 32 bytes."""


@dataclass(frozen=True, kw_only=True)
class Authority:
    """Signs certificates and revocation lists; made by ``authority``."""

    name: str
    folder: Path
    certificate: Path
    """Its self-signed certificate, PEM: what verifiers trust."""
    key: Path
    """Its own key, PEM; stays with us, whoever reads the keys of servers."""
    reader: User | None
    """Whose the keys of issued certificates are; None: ours."""

    def server(
        self,
        name: str,
        *,
        names: Sequence[str] = ("localhost",),
        addresses: Sequence[str] = ("127.0.0.1",),
        validity: dt.timedelta = DEFAULT_VALIDITY,
    ) -> Issued:
        """A certificate for a server with these DNS names and IP addresses.

        ``validity`` counts from the certificate's first to its last second. FileExistsError when
        ``name`` was issued before; ValueError when an address is none.
        """
        alternatives = x509.SubjectAlternativeName(
            [
                *(x509.DNSName(each) for each in names),
                *(x509.IPAddress(ipaddress.ip_address(each)) for each in addresses),
            ]
        )
        return self._issue(name, ExtendedKeyUsageOID.SERVER_AUTH, validity, alternatives)

    def client(self, name: str, *, validity: dt.timedelta = DEFAULT_VALIDITY) -> Issued:
        """A certificate that a client shows. FileExistsError when ``name`` was issued before."""
        return self._issue(name, ExtendedKeyUsageOID.CLIENT_AUTH, validity, None)

    def revocation_list(
        self,
        path: Path,
        revoked: Iterable[Issued] = (),
        *,
        issued_at: dt.datetime | None = None,
        validity: dt.timedelta = DEFAULT_VALIDITY,
    ) -> Path:
        """Write a list (PEM) that revokes these certificates; replaces ``path`` in one step.

        ``issued_at`` (now by default, in whole seconds as lists have it) decides which of two
        lists a verifier takes for the newer; the next is promised ``validity`` later.
        """
        now = dt.datetime.now(dt.UTC)
        at = (issued_at or now).replace(microsecond=0)
        number = (now - dt.datetime.fromtimestamp(0, dt.UTC)) // dt.timedelta(microseconds=1)
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(_subject(self.name))
            .last_update(at)
            .next_update(at + validity)
            .add_extension(x509.CRLNumber(number), critical=False)  # greater each time
        )
        for each in revoked:
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder()
                .serial_number(each.serial)
                .revocation_date(at)
                .build()
            )
        signed = builder.sign(self._signing_key(), hashes.SHA256())
        fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        _write(fresh, signed.public_bytes(Encoding.PEM), 0o644)
        fresh.replace(path)
        return path

    def _issue(
        self,
        name: str,
        usage: x509.ObjectIdentifier,
        validity: dt.timedelta,
        alternatives: x509.SubjectAlternativeName | None,
    ) -> Issued:
        key = ec.generate_private_key(ec.SECP256R1())
        signer = self._signing_key()
        builder = (
            _template(name, key.public_key(), validity)
            .issuer_name(_subject(self.name))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(signs_others=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()),
                critical=False,
            )
        )
        if alternatives is not None:
            builder = builder.add_extension(alternatives, critical=False)
        certificate = builder.sign(signer, hashes.SHA256())
        stem = self.folder / name
        issued = Issued(
            name=name,
            certificate=stem.with_name(f"{name}.crt"),
            key=stem.with_name(f"{name}.key"),
            serial=certificate.serial_number,
            sha256=hashlib.sha256(certificate.public_bytes(Encoding.DER)).digest(),
        )
        _write_key(issued.key, key, self.reader)
        _write(issued.certificate, certificate.public_bytes(Encoding.PEM), 0o644)
        return issued

    def _signing_key(self) -> ec.EllipticCurvePrivateKey:
        key = serialization.load_pem_private_key(self.key.read_bytes(), password=None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        return key


def authority(
    folder: Path,
    name: str = "throw-away authority",
    *,
    reader: User | None = None,
    validity: dt.timedelta = DEFAULT_VALIDITY,
) -> Authority:
    """A new authority in a folder of its own, which is made.

    ``reader``: whom servers run as, when it is not ourselves; the keys of what is issued belong to
    it, and the folder lets everybody through. FileExistsError when the folder exists.
    """
    folder.mkdir()
    folder.chmod(0o711 if reader else 0o700)  # mkdir obeys the umask
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        _template(name, key.public_key(), validity)
        .issuer_name(_subject(name))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_others=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    made = Authority(
        name=name,
        folder=folder,
        certificate=folder / "authority.crt",
        key=folder / "authority.key",
        reader=reader,
    )
    _write_key(made.key, key, None)
    _write(made.certificate, certificate.public_bytes(Encoding.PEM), 0o644)
    return made


def _template(
    name: str, public: ec.EllipticCurvePublicKey, validity: dt.timedelta
) -> x509.CertificateBuilder:
    """What every certificate has, whoever signs it."""
    first = dt.datetime.now(dt.UTC).replace(microsecond=0) - min(_SKEW, validity / 2)
    return (
        x509.CertificateBuilder()
        .subject_name(_subject(name))
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(first)
        # both ends belong to the validity (RFC 5280, 4.1.2.5)
        .not_valid_after(first + validity - dt.timedelta(seconds=1))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _key_usage(*, signs_others: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_others,
        key_cert_sign=signs_others,
        crl_sign=signs_others,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey, owner: User | None) -> None:
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    _write(path, pem, 0o600)
    if owner is not None:
        os.chown(path, owner.uid, owner.gid)


def _write(path: Path, content: bytes, mode: int) -> None:
    """A new file; never readable by more than ``mode`` allows, and exactly by those."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(file, "wb") as output:
        os.fchmod(file, mode)
        output.write(content)
