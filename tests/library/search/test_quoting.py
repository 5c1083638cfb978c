"""Which sentence of a passage is quoted."""

from earwitness.library.search import quoting
from earwitness.library.search.passages import Kind
from earwitness.library.search.quoting import Marked

WEIGHTS = {"cache": 1.0, "flush": 3.0, "places": 0.5}


def quoted(text, *, question="what of the cache?", heading="", kind=Kind.FIELD_NOTES):
    def marks(said):
        return said.replace("<", quoting.OPEN).replace(">", quoting.CLOSE)

    passage = Marked(kind=kind, heading=marks(heading), text=marks(text))
    return quoting.quote(question, passage, WEIGHTS)


def test_a_rare_word_beats_common_ones():
    text = "The <cache> of many <places> is there. Nobody but a <flush> empties it."
    assert quoted(text) == "Nobody but a flush empties it."


def test_a_form_of_a_word_counts_as_the_word():
    assert quoted("A <cache> is there. The drive <flushes>.") == "The drive flushes."


def test_what_the_heading_has_decides_nothing_alone():
    text = "Said first. After that the <flush> came. The <cache> is emptied."
    assert quoted(text) == "After that the flush came."
    assert quoted(text, heading="<Flush>") == "The cache is emptied."


def test_a_number_answers_who_asks_for_one():
    text = "Weak <places> are common. Until then the array has sixteen <places>."
    assert quoted(text) == "Weak places are common."
    asked = quoted(text, question="how many places are there?")
    assert asked == "Until then the array has sixteen places."


def test_a_sentence_that_leans_brings_the_one_before_along():
    text = "The kernel asks the drive. It waits for the <flush>."
    assert quoted(text) == "The kernel asks the drive. It waits for the flush."
    spoken = quoted(text, kind=Kind.TRANSCRIPT)
    assert spoken == "It waits for the flush."


def test_what_was_measured_is_quoted_whole():
    text = "Refuted here: A <cache> helps. Result: no."
    assert quoted(text, kind=Kind.RUN) == "Refuted here: A cache helps. Result: no."
