"""Secrets, and taking them out of texts that somebody else wrote.

Our own texts are built from parts that are not secret. What a driver or a server says passes here
before it is shown or kept, in case it quotes what it was given.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import quote, quote_plus

REDACTED = "***"

_UNSTOPPED = re.compile(r"([^.?!:;,])\n(?=[A-Z])")
"""The end of a line without a stop, before one that begins as a sentence."""


@dataclass(frozen=True)
class Secrets:
    """What must never be shown; its own representation does not show it either."""

    values: frozenset[str] = field(default=frozenset(), repr=False)

    def with_values(self, more: Iterable[str | None]) -> "Secrets":
        """These and more of them; nothing and the empty text are no secrets."""
        return Secrets(self.values | {value for value in more if value})

    def redact(self, text: str) -> str:
        """The text without any of the secrets, as they are, in URLs, or quoted."""
        for form in sorted(self._forms(), key=len, reverse=True):
            text = text.replace(form, REDACTED)
        return text

    def one_line(self, text: str) -> str:
        """The same, with its lines joined as sentences: an error message for a terminal."""
        lines = filter(None, (" ".join(line.split()) for line in self.redact(text).splitlines()))
        return _UNSTOPPED.sub(r"\1. ", "\n".join(lines)).replace("\n", " ")

    def _forms(self) -> set[str]:
        return {
            form
            for value in self.values
            for form in (value, quote(value, safe=""), quote(value), quote_plus(value))
        } | {repr(value)[1:-1] for value in self.values}
