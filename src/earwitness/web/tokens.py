"""Proof that a form was made for this browser: a signature over its cookie, different on each page.

The cookie is random and says nothing; the key lives as long as the process, so forms from before a
restart are refused and say so. A fresh salt in every token keeps compressed pages from telling it
bit by bit.
"""

import hashlib
import hmac
import secrets

COOKIE = "earwitness"
_SALT_BYTES, _COOKIE_BYTES = 8, 16


class Tokens:
    """Makes and checks tokens with a key of this process."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

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
