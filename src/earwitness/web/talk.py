"""A talk as a page holds it: each answer so far in a field of its form, and nothing in the server.

Pure. What a form sends back is decoded as the document that it was; of texts that only the next page
would need again, nothing is kept.
"""

from collections.abc import Sequence

import msgspec
from starlette.exceptions import HTTPException

from earwitness.report.found_document import AnswerDocument
from earwitness.web.forms import MOST_CHARACTERS

MOST_TURNS = 10
"""That a page shows; what was said before is forgotten."""
LONGEST_QUESTION = 1000
"""Characters."""
_NOT_KEPT = "This answer was too long to stay on the page."


def kept(document: AnswerDocument) -> str:
    """An answer as a field holds it, short enough for a form."""
    citations = tuple(msgspec.structs.replace(one, text="") for one in document.citations)
    short = msgspec.structs.replace(document, answer="", citations=citations)
    text = msgspec.json.encode(short).decode()
    if len(text) <= MOST_CHARACTERS:
        return text
    nothing = msgspec.structs.replace(
        short, citations=(), sentences=(), measured=(), note=_NOT_KEPT, abstained=False
    )
    return msgspec.json.encode(nothing).decode()


def read(fields: Sequence[str]) -> list[AnswerDocument]:
    """The answers that a form held, the oldest first. HTTPException 422 when they are none."""
    try:
        return [msgspec.json.decode(field, type=AnswerDocument) for field in fields[-MOST_TURNS:]]
    except msgspec.DecodeError:
        raise HTTPException(422, "The talk so far could not be read. Begin a new one.") from None
