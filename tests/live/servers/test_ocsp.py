"""A real question to the responder, over both ways to ask it."""

import base64
import urllib.request
from pathlib import Path
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp as protocol

from earwitness.servers import certificates, ocsp

pytestmark = pytest.mark.live

GOOD, REVOKED = protocol.OCSPCertStatus.GOOD, protocol.OCSPCertStatus.REVOKED


@pytest.mark.parametrize("way", ["GET", "POST"])
def test_it_says_what_the_file_says(way: str, workspace: Path) -> None:
    authority = certificates.authority(workspace / "authority")
    issuer = x509.load_pem_x509_certificate(authority.certificate.read_bytes())
    client = authority.client("client")
    serials = workspace / "revoked"
    serials.touch()
    certificate = x509.load_pem_x509_certificate(client.certificate.read_bytes())
    builder = protocol.OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA256())
    question = builder.build().public_bytes(Encoding.DER)

    def asked(url: str) -> protocol.OCSPCertStatus:
        if way == "GET":
            request = urllib.request.Request(url + quote(base64.b64encode(question), safe=""))
        else:
            request = urllib.request.Request(url, question)
        with urllib.request.urlopen(request, timeout=10) as answer:
            said = protocol.load_der_ocsp_response(answer.read())
        key = issuer.public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey)
        key.verify(said.signature, said.tbs_response_bytes, ec.ECDSA(hashes.SHA256()))
        assert said.serial_number == client.serial
        return said.certificate_status

    with ocsp.responder(authority, serials, workspace) as url:
        assert asked(url) is GOOD
        serials.write_text(f"{client.serial:X}\n")
        assert asked(url) is REVOKED
