"""JSON Schemas of the documents, for programs that read ``--format json``.

Made from the document types; ``python -m earwitness.report.schema FOLDER`` writes them.
"""

import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec

from earwitness.check.evidence import Evidence
from earwitness.experiment.design import Claim
from earwitness.library import listed
from earwitness.library.export.files import Exported
from earwitness.library.export.json import KeptDocument
from earwitness.library.review.statistics import Statistics
from earwitness.library.snip import Entry
from earwitness.report.check_document import CheckDocument, PlanDocument
from earwitness.report.document import RunDocument, ShowDocument
from earwitness.report.evaluation import EvaluationDocument
from earwitness.report.found_document import AnswerDocument, SearchDocument
from earwitness.report.health_document import DoctorDocument
from earwitness.report.kept_document import (
    CardDocument,
    CardsDocument,
    MadeCardsDocument,
    SharedDocument,
    SnipDocument,
    SnipsDocument,
    TagRow,
)
from earwitness.report.past_document import ComparisonDocument, ReplayDocument, RunRow
from earwitness.report.predicted import PredictionsDocument

DIALECT = "https://json-schema.org/draft/2020-12/schema"

DOCUMENTS: Mapping[str, object] = {
    "answer-1.json": AnswerDocument,
    "card-1.json": CardDocument,
    "cards-1.json": CardsDocument,
    "check-1.json": CheckDocument,
    "claim-1.json": Claim,
    "claims-1.json": tuple[Claim, ...],
    "comparison-1.json": ComparisonDocument,
    "doctor-1.json": DoctorDocument,
    "evaluation-1.json": EvaluationDocument,
    "evidence-1.json": Evidence,
    "export-1.json": Exported,
    "kept-1.json": KeptDocument,
    "library-add-1.json": listed.AddDocument,
    "library-check-1.json": listed.CheckDocument,
    "library-embed-1.json": listed.EmbedDocument,
    "library-episode-1.json": listed.EpisodeDocument,
    "library-episodes-1.json": tuple[listed.EpisodeRow, ...],
    "library-file-1.json": listed.FileDocument,
    "library-jobs-1.json": listed.JobsDocument,
    "library-remove-1.json": listed.RemoveDocument,
    "library-shows-1.json": listed.ShowsDocument,
    "library-sync-1.json": listed.SyncDocument,
    "library-transcript-1.json": listed.TranscriptDocument,
    "made-cards-1.json": MadeCardsDocument,
    "plan-1.json": PlanDocument,
    "predictions-1.json": PredictionsDocument,
    "replay-1.json": ReplayDocument,
    "review-statistics-1.json": Statistics,
    "run-1.json": RunDocument,
    "runs-1.json": tuple[RunRow, ...],
    "search-1.json": SearchDocument,
    "shared-1.json": SharedDocument,
    "show-1.json": ShowDocument,
    "snip-1.json": SnipDocument,
    "snip-history-1.json": tuple[Entry, ...],
    "snips-1.json": SnipsDocument,
    "tags-1.json": tuple[TagRow, ...],
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
