"""Words that the findings of every claim share. Pure."""


def count(number: int, noun: str, plural: str | None = None) -> str:
    """A count and its noun, in the plural where it has to be: ``1 lock``, ``1,024 locks``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
