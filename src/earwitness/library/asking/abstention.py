"""When not to answer. One number decides: how much of the question the best passage has.

The share is by rarity, so that a word that stands nowhere in the library weighs most. On public
questions on meetings, asked of the right meeting and of another one, it tells the two apart with an
AUROC of about .9; ``earwitness eval search`` measures it on anybody's own questions.
"""

THRESHOLD = 0.35
"""Coverage below which nothing answers; keeps nine of ten answerable development questions."""

NOTHING = "Nothing in the library seems to answer that."


def abstains(confidence: float) -> bool:
    """Whether a question with that coverage is left without an answer."""
    return confidence < THRESHOLD


def reason(confidence: float) -> str:
    """Why there is no answer, in words."""
    if confidence == 0:
        return f"{NOTHING} None of its words were found."
    return (
        f"{NOTHING} The nearest passage has {confidence:.0%} of what is asked for, by the rarity of "
        f"the words; below {THRESHOLD:.0%} no answer is given."
    )
