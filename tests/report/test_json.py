import json
import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from earwitness.report import json as documents
from tests.report import samples

ALL = (*samples.runs(), samples.show(), samples.empty_show())


@pytest.mark.parametrize("document", ALL, ids=lambda d: getattr(d, "claim", d.schema))
def test_what_was_written_can_be_read_back(document):
    data = documents.encode(document)
    assert documents.decode(data) == document
    assert documents.encode(documents.decode(data)) == data


def test_the_text_can_be_compared_line_by_line():
    run = samples.supported()
    data = documents.encode(run)
    assert data.endswith(b"}\n")
    assert data.startswith(b'{\n  "schema": "earwitness/run/1",\n')
    turned = replace(run, environment=dict(reversed(run.environment.items())))
    assert documents.encode(turned) == data


def test_a_field_of_a_later_version_is_passed_over():
    data = json.loads(documents.encode(samples.refuted()))
    assert documents.decode(json.dumps(data | {"later": [1]})) == samples.refuted()


@given(st.sampled_from([math.nan, math.inf, -math.inf]))
def test_numbers_that_json_does_not_have_are_refused(number):
    run = samples.refuted()
    bad = replace(run, hypotheses=(replace(run.hypotheses[0], interval=(1.0, number)),))
    with pytest.raises(documents.NotFinite, match=r"document\.hypotheses\[0\]\.interval\[1\]"):
        documents.encode(bad)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b'{"schema": "earwitness/run/2"}',
        b'{"schema": "earwitness/run/1"}',
        b"\xff",
    ],
)
def test_other_texts_are_refused(data):
    with pytest.raises(documents.UnknownDocument):
        documents.decode(data)


def test_no_sample_holds_a_number_that_becomes_null():
    for document in ALL:
        assert json.loads(documents.encode(document)) == json.loads(
            json.dumps(msgspec.to_builtins(document), allow_nan=False)
        )
