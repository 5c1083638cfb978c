"""JSON Schemas of the documents, for programs that read ``--format json``.

Made from the document types; ``python -m earwitness.report.schema FOLDER`` writes them.
"""

import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec

from earwitness.check.evidence import Evidence
from earwitness.report.check_document import CheckDocument, PlanDocument
from earwitness.report.document import RunDocument, ShowDocument
from earwitness.report.evaluation import EvaluationDocument
from earwitness.report.found_document import AnswerDocument, SearchDocument

DIALECT = "https://json-schema.org/draft/2020-12/schema"

DOCUMENTS: Mapping[str, type[msgspec.Struct]] = {
    "answer-1.json": AnswerDocument,
    "check-1.json": CheckDocument,
    "evaluation-1.json": EvaluationDocument,
    "evidence-1.json": Evidence,
    "plan-1.json": PlanDocument,
    "run-1.json": RunDocument,
    "search-1.json": SearchDocument,
    "show-1.json": ShowDocument,
}
"""File names with kind and version, and the type that each describes."""


def schema(name: str) -> bytes:
    """The schema of that file name, as it stands in the file; KeyError when there is none."""
    described = {"$schema": DIALECT, **msgspec.json.schema(DOCUMENTS[name])}
    return msgspec.json.format(msgspec.json.encode(described), indent=2) + b"\n"


def write(folder: Path) -> None:
    """Write all schemas into the folder, making it where it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in DOCUMENTS:
        (folder / name).write_bytes(schema(name))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m earwitness.report.schema FOLDER")
    write(Path(sys.argv[1]))
