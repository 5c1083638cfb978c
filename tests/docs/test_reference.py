"""The reference has every field, class, variable and dependency that the program has."""

import re
import tomllib

import msgspec
import pytest

from earwitness.experiment import design
from earwitness.experiment.observation import Trial
from earwitness.experiment.prediction import Score
from earwitness.experiment.verdict import GateResult, HypothesisResult
from earwitness.library import listed
from earwitness.library.jobs import JobRecord
from earwitness.library.show import Episode
from earwitness.report import document, schema
from tests.docs import pages

REFERENCE = pages.DOCS / "reference"


def fields_missing(kind, page):
    """Fields of a value that the page does not name in code."""
    names = {word for code in pages.inline_code(page) for word in re.findall(r"\w+", code)}
    return [field.name for field in msgspec.structs.fields(kind) if field.name not in names]


@pytest.mark.parametrize(
    "kind",
    [
        document.RunDocument,
        document.ShowDocument,
        document.EpisodeDocument,
        document.ExperimentDocument,
        document.PredictionDocument,
        HypothesisResult,
        GateResult,
        Trial,
        Episode,
        listed.AddDocument,
        listed.CheckDocument,
        listed.EpisodeDocument,
        listed.EpisodeRow,
        listed.FileDocument,
        JobRecord,
        listed.RemoveDocument,
        listed.ShowRow,
        listed.SyncedShow,
        listed.TranscriptDocument,
        listed.TranscriptRow,
    ],
)
def test_every_field_of_the_documents_is_described(kind):
    assert fields_missing(kind, REFERENCE / "json.md") == []


def test_every_schema_and_score_is_described():
    told = pages.text(REFERENCE / "json.md")
    assert [file for file in schema.DOCUMENTS if f"schemas/{file}" not in told] == []
    assert [name for name in Score.__dataclass_fields__ if f"`{name}`" not in told] == []


def vocabulary():
    return [
        value
        for value in vars(design).values()
        if isinstance(value, type)
        and value.__module__ == design.__name__
        and issubclass(value, msgspec.Struct)
    ]


@pytest.mark.parametrize("kind", vocabulary(), ids=lambda kind: kind.__name__)
def test_every_class_of_the_vocabulary_is_described(kind):
    page = REFERENCE / "claims.md"
    # as a heading, in bold at the head of a paragraph, or as a row of a table
    assert re.search(rf"^(#+ |\*\*|\| `){kind.__name__}\b", pages.text(page), re.MULTILINE)
    assert fields_missing(kind, page) == []


@pytest.mark.parametrize("kind", [design.Depth, design.Role, design.Inference])
def test_every_choice_is_described(kind):
    told = pages.text(REFERENCE / "claims.md")
    assert [member.name for member in kind if f"`{member.name}`" not in told] == []


def test_every_variable_is_described():
    sources = (pages.ROOT / "src").rglob("*.py")
    used = {
        name for file in sources for name in re.findall(r"EARWITNESS_[A-Z_]+", file.read_text())
    }
    told = pages.text(REFERENCE / "environment.md")
    assert used
    assert {name for name in used if f"`{name}`" not in told} == set()


def dependencies():
    """Names of all packages that pyproject.toml asks for, extras included."""
    project = tomllib.loads((pages.ROOT / "pyproject.toml").read_text())["project"]
    lists = [project["dependencies"], *project["optional-dependencies"].values()]
    names = {re.split(r"[\[<>=!~; ]", one)[0] for requirements in lists for one in requirements}
    return names - {"earwitness"}


def test_every_dependency_is_justified_in_one_line():
    told = pages.text(pages.DOCS / "explanation" / "dependencies.md")
    rows = set(re.findall(r"^\| (\w[\w-]*)", told, re.MULTILINE)) - {"Package"}
    assert rows == dependencies()
