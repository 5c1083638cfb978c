"""When not to answer. One number decides: how well the best passage fits the question.

That is its share of the question's words by rarity, so that a word that stands nowhere in the
library weighs most; where the embedding model has been, nearness in meaning beyond the usual adds to
it, and less takes away. On public questions on meetings, asked of the right meeting and of another
one, it tells the two apart with an AUROC of about .9; ``earwitness eval search`` measures it on
anybody's own questions.
"""

from collections.abc import Sequence

THRESHOLD = 0.35
"""Fit below which nothing answers; keeps nine of ten answerable development questions."""

NOTHING = "Nothing in the library seems to answer that."

NO_SUBJECT = f"{NOTHING} The question has no word that says what it is about."


def abstains(confidence: float) -> bool:
    """Whether a question that fits so well is left without an answer."""
    return confidence < THRESHOLD


def reason(confidence: float, *, found: bool, unknown: Sequence[str] = ()) -> str:
    """Why there is no answer, in words. ``found``: whether any passage was; ``unknown``: names."""
    if not found:
        return f"{NOTHING} None of its words were found."
    if unknown:
        return f"{NOTHING} Nowhere in it stands {' or '.join(repr(name) for name in unknown)}."
    return (
        f"{NOTHING} The nearest passage fits by {confidence:.0%}, by the rarity of the words that it "
        f"has; below {THRESHOLD:.0%} no answer is given."
    )
