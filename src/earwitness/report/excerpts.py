"""What is shown of a passage that was found: where it fits best, with the words that were looked for.

Pure.
"""

import re
from collections.abc import Iterable

from earwitness.library.search.hits import Hit

LONGEST = 300
"""Characters."""


def around(hit: Hit, most: int = LONGEST) -> str:
    """The sentence that fits with what follows it, cut at a word."""
    text = hit.text[max(hit.text.find(hit.quote), 0) :]
    return text if len(text) <= most else f"{text[:most].rsplit(' ', 1)[0]} ..."


def marked(text: str, words: Iterable[str]) -> list[tuple[str, bool]]:
    """The text in pieces, each with whether it is one of the words, in small or capital letters."""
    longest_first = sorted(filter(None, words), key=len, reverse=True)
    if not longest_first:
        return [(text, False)] if text else []
    wanted = "|".join(re.escape(word) for word in longest_first)
    pieces = re.split(rf"(?<!\w)({wanted})(?!\w)", text, flags=re.IGNORECASE)
    return [(piece, place % 2 == 1) for place, piece in enumerate(pieces) if piece]
