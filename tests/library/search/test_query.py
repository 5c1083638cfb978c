import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.library.search.query import Term, parse


def words(*texts):
    return tuple(Term(words=(text,)) for text in texts)


def test_words_lose_those_that_say_nothing():
    assert parse("What did they say about the flush?").terms == words("flush")


def test_a_question_of_nothing_else_is_searched_as_it_is():
    assert parse("what is said").terms == words("said")
    assert parse("to be or not to be").terms == words("to", "be", "or", "not")


def test_a_star_alone_is_no_word_and_behind_one_it_is_its_beginning():
    assert parse("is SELECT * slow?").terms == words("select", "slow")
    assert parse("parti*").terms == (Term(words=("parti",), kind="prefix"),)


def test_phrases_have_to_be_there_and_minus_must_not():
    query = parse('"Page Cache" disk -firefox -"lost write"')
    assert query.required == (Term(words=("page", "cache"), kind="phrase"),)
    assert query.terms == (*query.required, *words("disk"))
    assert query.excluded == (*words("firefox"), Term(words=("lost", "write"), kind="phrase"))


def test_a_dash_inside_a_word_excludes_nothing():
    assert parse("write-ahead log").terms == words("write", "ahead", "log")


def test_fields_narrow():
    query = parse('show:talks episode:"on storage" speaker:Ada chapter:intro after:2023-01-01 lsm')
    assert (query.show, query.episode, query.after) == ("talks", "on storage", "2023-01-01")
    assert (query.speaker, query.chapter) == (words("ada"), words("intro"))
    assert query.terms == words("lsm")


def test_a_day_that_is_none_is_words():
    assert parse("before:lunch").before is None
    assert parse("before:lunch").terms == words("lunch")


@given(st.text())
def test_any_text_is_a_query_of_quoted_letters_and_digits(text):
    query = parse(text)
    for match in (query.match_any, query.match_required, query.match_excluded):
        outside = "".join(match.split('"')[::2])
        assert set(outside) <= set(" ()ORANDspeakrshding:*")
        assert all(word.isalnum() for part in match.split('"')[1::2] for word in part.split())


def test_spellings_of_one_name_are_alternatives():
    (term,) = parse("postgres").terms
    assert '"postgresql"' in term.match and '"postgres"' in term.match
    assert parse("PostgreSQL").terms[0].match == term.match
    (phrase,) = parse('"mongo index"').required
    assert phrase.match == '("mongo index" OR "mongodb index")'


def test_an_acronym_is_found_letter_by_letter_too():
    assert parse("LCD").terms[0].match == '("lcd" OR "l c d")'
    assert parse("lcd").terms[0].match == '"lcd"'


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("how fast is the new iPhone?", ("iphone",)),
        ("who is the CEO of Cloudflare?", ("ceo", "cloudflare")),
        ("iPhone or not?", ("iphone",)),
        ("What is slow? Why?", ()),
        ("How Session Tickets Outlive Revocation Lists", ()),
        ("How Session Tickets Outlive a List", ()),
        ("IS SELECT SLOW?", ()),
        ("is it 42?", ()),
    ],
)
def test_names_are_what_no_beginning_and_no_fashion_explains(text, names):
    assert parse(text).names == names


def test_pairs_are_telling_words_beside_each_other():
    pairs = parse("what is head-of-line blocking in the page cache of a very old kernel?").pairs
    assert [term.words for term in pairs] == [
        ("head", "of", "line"),
        ("line", "blocking"),
        ("page", "cache"),
        ("old", "kernel"),
    ]
