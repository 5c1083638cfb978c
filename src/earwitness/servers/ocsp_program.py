"""Answers whether certificates are still good: the program of ``ocsp``, in a process of its own.

``python ocsp_program.py AUTHORITY KEY SERIALS`` signs with the key of the authority itself. SERIALS
is a file of revoked serial numbers, hexadecimal, one in a line, read for every question. Writes its
port into the file ``port``. Asked by POST, or by GET with the question in the path (RFC 6960, A.1).
"""

import base64
import datetime as dt
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp

_GOOD_FOR = dt.timedelta(hours=1)
"""How long an answer may be kept."""


class _Responder(BaseHTTPRequestHandler):
    authority: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    serials: Path

    def do_GET(self) -> None:
        self._answer(base64.b64decode(unquote(self.path).lstrip("/")))

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers["Content-Length"])))

    def _answer(self, question: bytes) -> None:
        asked = ocsp.load_der_ocsp_request(question)
        revoked = {int(line, 16) for line in self.serials.read_text().split()}
        now = dt.datetime.now(dt.UTC)
        is_revoked = asked.serial_number in revoked
        answer = (
            ocsp.OCSPResponseBuilder()
            .add_response_by_hash(
                issuer_name_hash=asked.issuer_name_hash,
                issuer_key_hash=asked.issuer_key_hash,
                serial_number=asked.serial_number,
                algorithm=asked.hash_algorithm,
                cert_status=ocsp.OCSPCertStatus.REVOKED if is_revoked else ocsp.OCSPCertStatus.GOOD,
                this_update=now - dt.timedelta(minutes=1),
                next_update=now + _GOOD_FOR,
                revocation_time=now if is_revoked else None,
                revocation_reason=None,
            )
            .responder_id(ocsp.OCSPResponderEncoding.HASH, self.authority)
            .sign(self.key, hashes.SHA256())
            .public_bytes(serialization.Encoding.DER)
        )
        self.send_response(200)
        self.send_header("Content-Type", "application/ocsp-response")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *arguments: object) -> None:
        """Questions are not logged."""


def main() -> None:
    """Answer until told to end."""
    authority, key, serials = map(Path, sys.argv[1:])
    signing = serialization.load_pem_private_key(key.read_bytes(), password=None)
    assert isinstance(signing, ec.EllipticCurvePrivateKey)
    _Responder.authority = x509.load_pem_x509_certificate(authority.read_bytes())
    _Responder.key = signing
    _Responder.serials = serials
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Responder)
    Path("port.new").write_text(str(server.server_port))
    Path("port.new").replace("port")
    server.serve_forever()


if __name__ == "__main__":
    main()
