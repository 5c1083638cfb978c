import json
from pathlib import Path

import jsonschema
import pytest

from earwitness.report import json as documents
from earwitness.report import schema
from tests.report import samples

FOLDER = Path(__file__).parents[2] / "docs" / "reference" / "schemas"


@pytest.mark.parametrize("name", schema.DOCUMENTS)
def test_the_files_are_current(name):
    assert (FOLDER / name).read_bytes() == schema.schema(name), (
        f"python -m earwitness.report.schema {FOLDER.relative_to(FOLDER.parents[2])}"
    )


def test_no_other_file_stands_there():
    assert {path.name for path in FOLDER.iterdir()} == set(schema.DOCUMENTS)


@pytest.mark.parametrize(
    ("name", "document"),
    [
        *(("run-1.json", run) for run in samples.runs()),
        ("show-1.json", samples.show()),
        ("show-1.json", samples.empty_show()),
    ],
    ids=lambda value: getattr(value, "claim", ""),
)
def test_documents_are_valid(name, document):
    described = json.loads(schema.schema(name))
    jsonschema.Draft202012Validator.check_schema(described)
    jsonschema.Draft202012Validator(described).validate(json.loads(documents.encode(document)))


def test_the_schema_refuses_what_is_none():
    described = json.loads(schema.schema("run-1.json"))
    wrong = json.loads(documents.encode(samples.refuted())) | {"verdict": "perhaps"}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(described).validate(wrong)


def test_write_makes_its_folder(tmp_path):
    schema.write(tmp_path / "new" / "folder")
    assert {path.name for path in (tmp_path / "new" / "folder").iterdir()} == set(schema.DOCUMENTS)
