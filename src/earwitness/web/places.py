"""Where on the site something stands that was found: the second of an episode, a claim, a run.

Pure. ``t`` opens an episode at a second and plays from there where there is a recording; ``here`` is
the line of its transcript, or the chapter, that holds the second.
"""

from urllib.parse import quote

from earwitness.library.search.hits import Hit
from earwitness.library.search.passages import Kind
from earwitness.report.found_document import CitationDocument

KINDS: dict[Kind, str] = {
    Kind.TRANSCRIPT: "Transcript",
    Kind.CHAPTER: "Chapter",
    Kind.DESCRIPTION: "Show notes",
    Kind.FIELD_NOTES: "Field notes",
    Kind.SNIP: "Snip",
    Kind.CLAIM: "Claim",
    Kind.RUN: "Run",
    Kind.CHECK: "Check",
}
"""What can be found, in words, in the order in which it is offered."""


def of_moment(episode: str, seconds: float | None) -> str:
    """An episode, at a second where one is known."""
    address = f"/episodes/{quote(episode)}"
    if seconds is None:
        return address
    return f"{address}?t={f'{seconds:.3f}'.rstrip('0').rstrip('.')}#here"


def of_hit(hit: Hit) -> str | None:
    """Where a passage stands; None: nowhere on the site."""
    return _of(hit.kind, hit.facts.claim, hit.facts.run) or _moment(
        hit.episode_id, hit.start_seconds
    )


def of_citation(citation: CitationDocument) -> str | None:
    """Where the passage of a citation stands."""
    found = _of(citation.kind, citation.claim, citation.run)
    return found or _moment(citation.episode_id, citation.start_seconds)


def seconds_of(said: str) -> float | None:
    """The second that an address asks for; None when it is none."""
    whole, _, part = said.partition(".")
    if len(said) > 12 or not all(
        digits.isascii() and digits.isdigit() for digits in (whole, part or "0")
    ):
        return None
    return float(said)


def _of(kind: str, claim: str | None, run: str | None) -> str | None:
    """The page of what is not an episode."""
    if kind == Kind.CLAIM and claim is not None:
        return f"/claims/{quote(claim)}"
    if kind == Kind.RUN and run is not None:
        return f"/runs/{quote(run)}"
    if kind == Kind.CHECK and run is not None:
        return f"/checks/{quote(run)}"
    return None


def _moment(episode: str | None, seconds: float | None) -> str | None:
    return None if episode is None else of_moment(episode, seconds)
