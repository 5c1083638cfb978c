"""What a visit came to, in a form that can be compared with other visits.

A finished handshake proves nothing: in TLS 1.3 the client's ends before the server has judged its
certificate, and servers refuse by an alert, a reset, silence, or a status inside the protocol. So
outcomes are compared: with those of a client that is known to be let in, and of one that is not.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass

_VOLATILE = re.compile(
    rb"[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}|[0-9a-fA-F]{8,}|\d{1,2}:\d\d(:\d\d)?(\.\d+)?|\d{6,}"
)
"""What pages say anew each time: numbers of requests, digests, times."""
_DIGEST_CHARACTERS = 16


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a visit ended, without what was said."""

    status: str
    """Of the answer, as its protocol has it; empty when none came."""
    body: str
    """A keyed digest of the answer's body without what changes each time; empty without a body."""
    refusal: str
    """What ended the connection before an answer came; empty when one came."""

    @property
    def answered(self) -> bool:
        """Whether anything was said at all."""
        return bool(self.status)

    def same_answer(self, other: "Outcome") -> bool:
        """Whether both were answered the same."""
        return self.answered and (self.status, self.body) == (other.status, other.body)

    def same(self, other: "Outcome") -> bool:
        """Whether both ended the same way: the same answer, or none at all."""
        return self.same_answer(other) or not (self.answered or other.answered)

    def __str__(self) -> str:
        return f"status {self.status}" if self.status else self.refusal or "silence"


def outcome(status: str, body: bytes, refusal: str, key: bytes) -> Outcome:
    """The outcome of an answer; only those with the same ``key`` can be compared."""
    return Outcome(
        status=status,
        body=_digest(body, key) if status and body else "",
        refusal="" if status else refusal,
    )


def _digest(body: bytes, key: bytes) -> str:
    kept = _VOLATILE.sub(b"~", body)
    return hmac.new(key, kept, hashlib.sha256).hexdigest()[:_DIGEST_CHARACTERS]
