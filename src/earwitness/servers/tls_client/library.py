"""The calls of OpenSSL that pyOpenSSL binds and gives no public name, and a test that they work.

All of them stand here and nowhere else; ``require_working`` tries each before it is relied on.
"""

import contextlib
from collections.abc import Iterator
from typing import Any

import cryptography
import OpenSSL
from OpenSSL import SSL

from earwitness.servers.process import MissingComponent

_ADVICE = "pip install --upgrade pyOpenSSL"
_NEEDED = (
    "SSL_session_reused",
    "SSL_write_early_data",
    "SSL_SESSION_get_max_early_data",
    "SSL_CTX_set_post_handshake_auth",
    "i2d_SSL_SESSION",
    "d2i_SSL_SESSION",
    "SSL_get1_session",
    "SSL_set_session",
    "SSL_SESSION_free",
    "ERR_clear_error",
)


_EXAMPLE = bytes.fromhex(
    "303e020101020203040402130104000420" + "01" * 32 + "a103020101a20402021c20a4020400"
)
"""A session of TLS 1.3 with invented secrets (ssl_asn1.c), for the test at the start."""


class NotASession(ValueError):
    """Bytes that are no serialised session."""


def was_resumed(connection: SSL.Connection) -> bool:
    """Whether the server took the session that was presented (SSL_session_reused(3))."""
    return bool(_lib().SSL_session_reused(_of(connection)))


def allow_post_handshake_authentication(context: SSL.Context) -> None:
    """Offer to show a certificate when asked after the handshake (RFC 8446, 4.2.6)."""
    _lib().SSL_CTX_set_post_handshake_auth(context._context, 1)


def write_early_data(connection: SSL.Connection, data: bytes) -> bool:
    """Send it with the first flight; False when the session permits none (SSL_write_early_data(3))."""
    written = _ffi().new("size_t *")
    done = _lib().SSL_write_early_data(_of(connection), data, len(data), written)
    if done != 1:
        _lib().ERR_clear_error()
    return bool(done == 1 and written[0] == len(data))


def longest_early_data(der: bytes) -> int:
    """Bytes of early data that the server permitted with this session; 0: none."""
    with _parsed(der) as native:
        return int(_lib().SSL_SESSION_get_max_early_data(native))


def serialised(connection: SSL.Connection) -> bytes | None:
    """The newest session of a connection in DER, secrets included; None without one."""
    native = _lib().SSL_get1_session(_of(connection))
    if native == _ffi().NULL:
        return None
    try:
        return _der(native)
    finally:
        _lib().SSL_SESSION_free(native)


def present(connection: SSL.Connection, der: bytes) -> None:
    """Have the connection offer this session. Raises NotASession.

    pyOpenSSL's own way takes a session only where it was made; this takes it anywhere.
    """
    with _parsed(der) as native:
        if _lib().SSL_set_session(_of(connection), native) != 1:
            _lib().ERR_clear_error()
            raise NotASession("this session cannot be presented here")


def require_session(der: bytes) -> None:
    """Raises NotASession for bytes that are none."""
    with _parsed(der):
        pass


@contextlib.contextmanager
def _parsed(der: bytes) -> Iterator[Any]:
    lib, ffi = _lib(), _ffi()
    buffer = ffi.new("unsigned char[]", der)
    start = ffi.new("const unsigned char **", buffer)
    native = lib.d2i_SSL_SESSION(ffi.NULL, start, len(der))
    if native == ffi.NULL:
        lib.ERR_clear_error()
        raise NotASession("these bytes are no TLS session")
    try:
        yield native
    finally:
        lib.SSL_SESSION_free(native)


def _der(native: Any) -> bytes:
    """As i2d_SSL_SESSION(3) writes it."""
    lib, ffi = _lib(), _ffi()
    length = lib.i2d_SSL_SESSION(native, ffi.NULL)
    buffer = ffi.new("unsigned char[]", length)
    lib.i2d_SSL_SESSION(native, ffi.new("unsigned char **", buffer))
    return bytes(ffi.buffer(buffer, length))


def require_working() -> None:
    """MissingComponent when a private call of pyOpenSSL is not there or does something else.

    A connection that has not begun was not resumed, a session comes back as it was written, and
    bytes that are none are refused.
    """
    missing = [name for name in _NEEDED if not hasattr(_lib(), name)]
    if missing:
        raise MissingComponent(
            f"pyOpenSSL {OpenSSL.__version__} cannot say whether a session was resumed, or cannot "
            f"keep one: {', '.join(missing)} is gone",
            _ADVICE,
        )
    connection = SSL.Connection(SSL.Context(SSL.TLS_CLIENT_METHOD), None)
    if was_resumed(connection):
        raise MissingComponent("pyOpenSSL takes a fresh connection for a resumed one", _ADVICE)
    if not _keeps_sessions():
        raise MissingComponent("pyOpenSSL does not give a session back as it was", _ADVICE)


def description() -> str:
    """The client's library with its versions, for the record."""
    library = SSL.OpenSSL_version(SSL.OPENSSL_VERSION).decode().split(" (")[0]
    versions = f"pyOpenSSL {OpenSSL.__version__}, cryptography {cryptography.__version__}"
    return f"{versions}, {library}"


def _keeps_sessions() -> bool:
    try:
        again = _again(_EXAMPLE)  # newer versions add fields
        kept = _again(again) == again and b"\x01" * 32 in again
    except NotASession:
        return False
    with contextlib.suppress(NotASession):
        require_session(b"\x30\x00")
        return False
    return kept


def _again(der: bytes) -> bytes:
    with _parsed(der) as native:
        return _der(native)


def _lib() -> Any:
    return SSL._lib  # type: ignore[attr-defined]


def _ffi() -> Any:
    return SSL._ffi  # type: ignore[attr-defined]


def _of(connection: SSL.Connection) -> Any:
    return connection._ssl
