"""The documents as JSON, and back.

Fields stand in the order of the documents, keys of mappings are sorted, two spaces deep, so that
two documents can be compared line by line. JSON has no NaN and no infinity, and the encoder would
write null for them; a document that holds one is refused, because null means "no value" here.
"""

import math
from collections.abc import Iterator

import msgspec

from earwitness.check.evidence import Evidence
from earwitness.report.check_document import CheckDocument, PlanDocument
from earwitness.report.document import RunDocument, ShowDocument
from earwitness.report.evaluation import EvaluationDocument
from earwitness.report.found_document import AnswerDocument, SearchDocument

Document = (
    RunDocument
    | ShowDocument
    | CheckDocument
    | PlanDocument
    | Evidence
    | SearchDocument
    | AnswerDocument
    | EvaluationDocument
)


class NotFinite(ValueError):
    """A document holds NaN or an infinity; the message says where."""


class UnknownDocument(ValueError):
    """What was read is no document of a kind and version that is known here."""


class _Named(msgspec.Struct):
    schema: str


def encode(document: Document) -> bytes:
    """The document as UTF-8 JSON with a line break at its end. Raises NotFinite."""
    places = list(_not_finite(msgspec.to_builtins(document), "document"))
    if places:
        raise NotFinite(f"not a finite number: {', '.join(places)}")
    line = msgspec.json.encode(document, order="deterministic")
    return msgspec.json.format(line, indent=2) + b"\n"


def decode(data: bytes | str) -> Document:
    """The document of that JSON, by the name of its schema. Raises UnknownDocument."""
    try:
        named = msgspec.json.decode(data, type=_Named)
        match named.schema:
            case "earwitness/run/1":
                return msgspec.json.decode(data, type=RunDocument)
            case "earwitness/show/1":
                return msgspec.json.decode(data, type=ShowDocument)
            case "earwitness/check/1":
                return msgspec.json.decode(data, type=CheckDocument)
            case "earwitness/plan/1":
                return msgspec.json.decode(data, type=PlanDocument)
            case "earwitness/evidence/1":
                return msgspec.json.decode(data, type=Evidence)
            case "earwitness/search/1":
                return msgspec.json.decode(data, type=SearchDocument)
            case "earwitness/answer/1":
                return msgspec.json.decode(data, type=AnswerDocument)
            case "earwitness/evaluation/1":
                return msgspec.json.decode(data, type=EvaluationDocument)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UnknownDocument(str(error)) from error
    raise UnknownDocument(f"no document of schema {named.schema!r} is known here")


def _not_finite(value: object, path: str) -> Iterator[str]:
    """The paths of all numbers that JSON does not have."""
    if isinstance(value, float):
        if not math.isfinite(value):
            yield path
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _not_finite(inner, f"{path}.{key}")
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from _not_finite(inner, f"{path}[{index}]")
