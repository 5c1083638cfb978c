"""What is shown of a passage: nothing is lost, and whole words are marked."""

from hypothesis import given
from hypothesis import strategies as st

from earwitness.report import excerpts


@given(st.text(max_size=200), st.lists(st.text(max_size=10), max_size=5))
def test_marking_changes_no_letter(text: str, words: list[str]) -> None:
    pieces = excerpts.marked(text, words)
    assert "".join(piece for piece, _ in pieces) == text
    assert all(piece for piece, _ in pieces)


def test_whole_words_are_marked_in_small_and_capital_letters() -> None:
    pieces = excerpts.marked("Flush the flushes: a FLUSH.", ["flush", "flushes"])
    assert [piece for piece, meant in pieces if meant] == ["Flush", "flushes", "FLUSH"]
    assert excerpts.marked("flushed", ["flush"]) == [("flushed", False)]
