"""What the throw-away authority issues is accepted, refused and pinned as it says."""

import contextlib
import datetime as dt
import hashlib
import ipaddress
import itertools
import os
import ssl
import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from earwitness.servers import process
from earwitness.servers.certificates import (
    LONGEST_PINNED_VALIDITY,
    Authority,
    Issued,
    authority,
)


@pytest.fixture
def ca(tmp_path: Path) -> Authority:
    return authority(tmp_path / "ca")


def certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def store(ca: Authority) -> PolicyBuilder:
    return PolicyBuilder().store(Store([certificate(ca.certificate)]))


def test_a_server_certificate_holds_for_its_names_and_addresses_only(ca: Authority) -> None:
    issued = ca.server("web", names=("a.test", "b.test"), addresses=("127.0.0.1", "::1"))
    leaf = certificate(issued.certificate)
    for name in (
        x509.DNSName("a.test"),
        x509.DNSName("b.test"),
        x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
        x509.IPAddress(ipaddress.ip_address("::1")),
    ):
        store(ca).build_server_verifier(name).verify(leaf, [])
    with pytest.raises(VerificationError):
        store(ca).build_server_verifier(x509.DNSName("c.test")).verify(leaf, [])


def test_certificates_of_servers_and_clients_do_not_stand_in_for_each_other(ca: Authority) -> None:
    assert usage(ca.server("web")) == [x509.ExtendedKeyUsageOID.SERVER_AUTH]
    assert usage(ca.client("alice")) == [x509.ExtendedKeyUsageOID.CLIENT_AUTH]


def usage(issued: Issued) -> list[x509.ObjectIdentifier]:
    return list(
        certificate(issued.certificate)
        .extensions.get_extension_for_class(x509.ExtendedKeyUsage)
        .value
    )


def test_another_authority_of_the_same_name_vouches_for_nothing(
    ca: Authority, tmp_path: Path
) -> None:
    other = authority(tmp_path / "other", ca.name)
    leaf = certificate(other.server("web").certificate)
    with pytest.raises(VerificationError):
        store(ca).build_server_verifier(x509.DNSName("localhost")).verify(leaf, [])


def test_a_certificate_for_pinning_keeps_to_the_browsers_rules(ca: Authority) -> None:
    issued = ca.server("web", validity=LONGEST_PINNED_VALIDITY)
    leaf = certificate(issued.certificate)
    span = leaf.not_valid_after_utc - leaf.not_valid_before_utc + dt.timedelta(seconds=1)
    assert span == dt.timedelta(days=14)
    assert leaf.not_valid_before_utc < dt.datetime.now(dt.UTC) < leaf.not_valid_after_utc
    public = leaf.public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    assert public.curve.name == "secp256r1"
    assert leaf.version is x509.Version.v3
    der = ssl.PEM_cert_to_DER_cert(issued.certificate.read_text())
    assert issued.sha256 == hashlib.sha256(der).digest()


def test_a_very_short_validity_includes_the_present(ca: Authority) -> None:
    leaf = certificate(ca.client("brief", validity=dt.timedelta(minutes=2)).certificate)
    assert leaf.not_valid_before_utc < dt.datetime.now(dt.UTC) < leaf.not_valid_after_utc


def test_a_list_revokes_what_it_names_and_is_signed_by_the_authority(ca: Authority) -> None:
    alice, bob = ca.client("alice"), ca.client("bob")
    path = ca.revocation_list(ca.folder / "revoked.crl", [alice])
    found = x509.load_pem_x509_crl(path.read_bytes())
    assert [entry.serial_number for entry in found] == [alice.serial]
    assert found.get_revoked_certificate_by_serial_number(bob.serial) is None
    public = certificate(ca.certificate).public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    assert found.is_signature_valid(public)


def test_a_list_replaces_the_earlier_one_with_a_greater_number(ca: Authority) -> None:
    path = ca.folder / "revoked.crl"
    numbers = []
    for revoked in ((), (ca.client("alice"),), ()):
        ca.revocation_list(path, revoked)
        found = x509.load_pem_x509_crl(path.read_bytes())
        assert len(found) == len(revoked)
        numbers.append(found.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number)
    assert all(earlier < later for earlier, later in itertools.pairwise(numbers))
    assert [each.name for each in ca.folder.iterdir() if each.name.startswith(".")] == []


def test_a_list_says_when_it_was_issued_and_when_the_next_will_be(ca: Authority) -> None:
    at = dt.datetime(2024, 5, 1, 12, 30, 15, 999_999, tzinfo=dt.UTC)
    path = ca.revocation_list(ca.folder / "x.crl", issued_at=at, validity=dt.timedelta(hours=2))
    found = x509.load_pem_x509_crl(path.read_bytes())
    assert found.last_update_utc == dt.datetime(2024, 5, 1, 12, 30, 15, tzinfo=dt.UTC)
    assert found.next_update_utc == dt.datetime(2024, 5, 1, 14, 30, 15, tzinfo=dt.UTC)


def test_openssl_refuses_a_revoked_certificate_and_no_other(ca: Authority, tmp_path: Path) -> None:
    alice, bob = ca.client("alice"), ca.client("bob")
    server = ca.server("web")
    ca.revocation_list(ca.folder / "revoked.crl", [alice])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server.certificate, server.key)
    context.load_verify_locations(ca.certificate)
    context.load_verify_locations(ca.folder / "revoked.crl")
    context.verify_mode = ssl.CERT_REQUIRED
    context.verify_flags |= ssl.VerifyFlags.VERIFY_CRL_CHECK_LEAF
    assert handshake(context, ca, bob) is None
    assert "revoked" in str(handshake(context, ca, alice))


def handshake(context: ssl.SSLContext, ca: Authority, shown: Issued) -> ssl.SSLError | None:
    """What the server says to a client with this certificate, in memory."""
    own = ssl.create_default_context(cafile=ca.certificate)
    own.load_cert_chain(shown.certificate, shown.key)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = context.wrap_bio(to_server, to_client, server_side=True)
    client = own.wrap_bio(to_client, to_server, server_hostname="localhost")
    for side in (client, server, client):
        with contextlib.suppress(ssl.SSLWantReadError):
            side.do_handshake()
    try:
        server.do_handshake()
    except ssl.SSLError as refused:
        return refused
    return None


def test_keys_are_for_one_reader_and_certificates_for_all(ca: Authority) -> None:
    issued = ca.client("alice")
    ca.revocation_list(ca.folder / "revoked.crl")
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in ca.folder.iterdir()}
    assert modes == {
        "authority.crt": 0o644,
        "authority.key": 0o600,
        "alice.crt": 0o644,
        "alice.key": 0o600,
        "revoked.crl": 0o644,
    }
    assert issued.key.read_bytes().startswith(b"-----BEGIN PRIVATE KEY-----")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_keys_belong_to_their_reader_but_not_the_authoritys_own(tmp_path: Path) -> None:
    reader = process.unprivileged()
    assert reader is not None
    ca = authority(tmp_path / "theirs", reader=reader)
    issued = ca.server("web")
    facts = issued.key.stat()
    assert (facts.st_uid, facts.st_gid) == (reader.uid, reader.gid)
    assert stat.S_IMODE(facts.st_mode) == 0o600
    assert ca.key.stat().st_uid == 0


def test_a_name_is_issued_once(ca: Authority) -> None:
    first = ca.client("alice")
    with pytest.raises(FileExistsError):
        ca.client("alice")
    assert certificate(first.certificate).serial_number == first.serial
