"""The documents as JSON, and back.

Fields stand in the order of the documents, keys of mappings are sorted, two spaces deep, so that
two documents can be compared line by line. JSON has no NaN and no infinity, and the encoder would
write null for them; a document that holds one is refused, because null means "no value" here.
"""

import importlib
import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
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

_DOCUMENTS: Mapping[str, tuple[str, str]] = {
    "earwitness/run/1": ("earwitness.report.document", "RunDocument"),
    "earwitness/show/1": ("earwitness.report.document", "ShowDocument"),
    "earwitness/check/1": ("earwitness.report.check_document", "CheckDocument"),
    "earwitness/plan/1": ("earwitness.report.check_document", "PlanDocument"),
    "earwitness/evidence/1": ("earwitness.check.evidence", "Evidence"),
    "earwitness/search/1": ("earwitness.report.found_document", "SearchDocument"),
    "earwitness/answer/1": ("earwitness.report.found_document", "AnswerDocument"),
    "earwitness/evaluation/1": ("earwitness.report.evaluation", "EvaluationDocument"),
}
"""By schema: where its class is, imported when such a document is read; some bring much along."""


class NotFinite(ValueError):
    """A document holds NaN or an infinity; the message says where."""


class UnknownDocument(ValueError):
    """What was read is no document of a kind and version that is known here."""


class _Named(msgspec.Struct):
    schema: str


def encode(document: "Document") -> bytes:
    """The document as UTF-8 JSON with a line break at its end. Raises NotFinite."""
    places = list(_not_finite(msgspec.to_builtins(document), "document"))
    if places:
        raise NotFinite(f"not a finite number: {', '.join(places)}")
    line = msgspec.json.encode(document, order="deterministic")
    return msgspec.json.format(line, indent=2) + b"\n"


def decode(data: bytes | str) -> "Document":
    """The document of that JSON, by the name of its schema. Raises UnknownDocument."""
    try:
        named = msgspec.json.decode(data, type=_Named)
        if named.schema in _DOCUMENTS:
            document: Document = msgspec.json.decode(data, type=_kind(named.schema))
            return document
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UnknownDocument(str(error)) from error
    raise UnknownDocument(f"no document of schema {named.schema!r} is known here")


def _kind(schema: str) -> Any:
    module, name = _DOCUMENTS[schema]
    return getattr(importlib.import_module(module), name)


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
