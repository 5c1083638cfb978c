"""Proof that a form was made for this browser: a signature over its cookie, different on each page.

The cookie is random and says nothing. The key lies in the data folder, so that pages which are open
can still be sent after the site was started again. A fresh salt in every token keeps compressed pages
from telling it bit by bit.
"""

import contextlib
import hashlib
import hmac
import os
import secrets
from pathlib import Path

COOKIE = "earwitness"
KEY_FILE = "site.key"
_SALT_BYTES, _COOKIE_BYTES, _KEY_BYTES = 8, 16, 32


def kept_key(folder: Path) -> bytes:
    """The key of a data folder, drawn when there is none; only its owner can read the file.

    Where it cannot be kept, it is a new one each time.
    """
    file = folder / KEY_FILE
    if _kept(file) is None:
        with contextlib.suppress(OSError):
            _draw(file)
    return _kept(file) or secrets.token_bytes(_KEY_BYTES)


def _draw(file: Path) -> None:
    """Put a new key into the file, whole."""
    file.parent.mkdir(parents=True, exist_ok=True)
    drawn = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(drawn, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as written:
            written.write(secrets.token_bytes(_KEY_BYTES))
        drawn.replace(file)
    finally:
        drawn.unlink(missing_ok=True)


def _kept(file: Path) -> bytes | None:
    """The key in the file; None when there is none, or what is there is too short for one."""
    try:
        key = file.read_bytes()
    except OSError:
        return None
    return key if len(key) == _KEY_BYTES else None


class Tokens:
    """Makes and checks tokens with a key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def new_cookie(self) -> str:
        """A name for a browser that has none yet."""
        return secrets.token_urlsafe(_COOKIE_BYTES)

    def make(self, cookie: str, purpose: str = "form") -> str:
        """A token for that browser."""
        salt = secrets.token_hex(_SALT_BYTES)
        return salt + self._signature(salt, cookie, purpose)

    def holds(self, token: str, cookie: str, purpose: str = "form") -> bool:
        """Whether the token was made here for that browser."""
        salt, signature = token[: 2 * _SALT_BYTES], token[2 * _SALT_BYTES :]
        right = self._signature(salt, cookie, purpose)
        return bool(cookie) and hmac.compare_digest(signature.encode(), right.encode())

    def _signature(self, salt: str, cookie: str, purpose: str) -> str:
        said = "\0".join((purpose, salt, cookie)).encode()
        return hmac.new(self._key, said, hashlib.sha256).hexdigest()
