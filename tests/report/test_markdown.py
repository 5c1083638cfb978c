import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from msgspec.structs import replace

from earwitness.report import markdown
from tests.report import samples

MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def tokens(text):
    for token in MARKDOWN.parse(text):
        yield token
        yield from token.children or ()


def tables(text):
    """For each table the number of cells in each of its lines, by the bars that are not escaped."""
    found, open_table = [], False
    for line in text.splitlines():
        if line.startswith("|"):
            if not open_table:
                found.append([])
            found[-1].append(len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) - 1)
        open_table = line.startswith("|")
    return found


@pytest.mark.parametrize("document", samples.runs(), ids=lambda run: run.claim)
def test_runs_are_tables_without_html(document):
    text = markdown.render_run(document)
    kinds = {token.type for token in tokens(text)}
    assert "table_open" in kinds
    assert not {"html_block", "html_inline"} & kinds
    assert text.endswith("\n")
    assert f"earwitness runs replay {document.run_id}" in text


def test_the_show_lists_its_episodes_in_order():
    document = samples.show()
    text = markdown.render_show(document)
    titles = [markdown.plain(entry.episode.title) for entry in document.episodes]
    places = [text.index(f"## {title}") for title in titles]
    assert places == sorted(places)
    assert "| supported: 51\N{MULTIPLICATION SIGN} [50.5, 51.6] |" in text
    assert "The claim is made at 10:40, What the lock manager does." in text
    assert "SELECT \\*" in text


def test_an_empty_show_says_how_to_begin():
    assert "```sh\nearwitness run partition-locks\n```" in markdown.render_show(
        samples.empty_show()
    )


def test_charts_become_tables_of_their_numbers():
    text = markdown.render_run(samples.supported())
    assert "| 100 partitions, key not named | 303 locks |" in text
    assert re.search(r"\| 1 partition \| 2\.\d+ ms \[2\.\d+, 2\.\d+\] \| 0\.\d+ ms ", text)


@given(st.text(alphabet="ab1 \n\\`*_<>|~&#+-=[]()!:.$\"'", max_size=60))
def test_escaped_text_comes_back_as_it_was(text):
    parsed = list(tokens(markdown.plain(text)))
    allowed = {"paragraph_open", "paragraph_close", "inline", "text", "text_special"}
    assert {token.type for token in parsed} <= allowed
    shown = "".join(token.content for token in parsed if token.type != "inline")
    assert shown == " ".join(text.split())


def test_hostile_text_breaks_no_table():
    hostile = "a | b\n\n# c `d` <b>e</b> [f](javascript:g) \\"
    document = samples.supported()
    experiment = replace(
        document.experiments[0],
        arms=tuple(replace(arm, title=f"{arm.name}{hostile}") for arm in samples.LOCK_ARMS),
    )
    run = replace(
        document,
        title=hostile,
        said=hostile,
        experiments=(experiment,),
        environment={"processor": hostile},
        hypotheses=tuple(replace(r, statement=hostile) for r in document.hypotheses),
    )
    text = markdown.render_run(run)
    kinds = {token.type for token in tokens(text)}
    assert not {"html_block", "html_inline", "link_open", "code_inline"} & kinds
    assert len(tables(text)) == len(tables(markdown.render_run(document)))
    assert all(len(set(cells)) == 1 for cells in tables(text))
