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
        assert set(outside) <= set(" ORANDspeakrshding:*")
        assert all(word.isalnum() for part in match.split('"')[1::2] for word in part.split())
