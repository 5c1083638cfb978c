"""What is found by meaning, with vectors that are told by topics, and with those of the model."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earwitness.library import jobs
from earwitness.library.asking import answer
from earwitness.library.search import index, lookup, ranking, searching
from earwitness.library.search.embedding import making, model, vectors
from earwitness.library.search.scope import EVERYWHERE, Scope
from earwitness.store.connection import open_store
from tests.library.search import talks

TOPICS = (
    ("outage", "electricity", "blackout"),
    ("tree", "compaction", "frames"),
    ("interesting", "plenty"),
)
POWER = talks.episode(
    "power",
    "On current",
    ("Grace", "Whatever the drive acknowledged is gone once the electricity fails."),
    date="2022-01-01",
)


class Topical:
    """Texts on one topic are alike, whatever their words are."""

    def __init__(self):
        self.texts = []

    def embed(self, texts):
        self.texts += texts
        return np.stack([self.vector(text.casefold()) for text in texts])

    def vector(self, text):
        found = np.full(model.DIMENSIONS, 1e-3, dtype=np.float32)
        for place, words in enumerate(TOPICS):
            found[place * 100 : (place + 1) * 100] += any(word in text for word in words)
        found[300:] += not (found > 0.5).any()
        return found / np.linalg.norm(found)


@pytest.fixture
def sentences(monkeypatch):
    topical = Topical()
    monkeypatch.setattr(model, "load", lambda: topical)
    return topical


@pytest.fixture
def embedded(library, sentences):
    talks.keep(library, POWER, show="power", title="Power")
    index.refresh(library)
    making.embed(library)
    return library


def found(store, query, scope=EVERYWHERE, **options):
    return [hit.episode for hit in searching.search(store, query, scope=scope, **options)]


def test_what_has_none_of_the_words_is_found_by_its_meaning(embedded):
    assert found(embedded, "blackout")[0] == "On current"
    assert "On storage" not in found(embedded, "blackout")
    assert found(embedded, "blackout", meaning=False) == []
    evidence = answer.found(embedded, "what about a blackout?", EVERYWHERE)
    assert evidence.reason is None
    assert evidence.hits[0].quote.startswith("Whatever the drive acknowledged")


@pytest.mark.parametrize(
    "query",
    [
        "blackout show:talks",
        "blackout after:2023-01-01",
        "blackout speaker:ada",
        'blackout "write ahead log"',
        "blackout -acknowledged",
    ],
)
def test_what_a_filter_or_a_phrase_forbids_is_not_found_by_meaning(embedded, query):
    assert "On current" not in found(embedded, query)


def test_a_scope_holds_for_meaning(embedded):
    assert found(embedded, "blackout", Scope(show="talks")) == []
    assert found(embedded, "blackout", Scope(show="power"))[0] == "On current"


def test_a_filter_is_no_part_of_the_meaning(embedded, sentences):
    found(embedded, 'show:power -frames blackout "acknowledged is"')
    assert sentences.texts[-1] == "blackout acknowledged is"


def test_what_is_not_embedded_yet_is_found_by_its_words(embedded):
    talks.keep(embedded, talks.episode("late", "Came late", ("Ken", "A blackout.")), show="late")
    index.refresh(embedded)
    titles = found(embedded, "blackout", most=20)
    assert {"Came late", "On current"} <= set(titles)
    assert "On storage" not in titles


def test_nothing_is_lost_when_the_work_ends_anywhere(library, sentences, monkeypatch):
    monkeypatch.setattr(making, "_BATCH", 3)
    monkeypatch.setattr(making, "_STEP", 1)
    _, whole = vectors.counts(library)
    looks, rounds = 0, 0

    def go_on():
        nonlocal looks
        looks += 1
        return looks % 5 != 0

    while making.any_missing(library):
        before = vectors.counts(library)[0]
        making.embed(library, go_on=go_on)
        assert before <= vectors.counts(library)[0] <= whole
        rounds += 1
        if making.any_missing(library):
            assert [job.status for job in jobs.every(library)] == ["interrupted"]
    assert rounds > 1
    assert vectors.counts(library) == (whole, whole)
    assert [job.status for job in jobs.every(library)] == ["finished"]
    with library.reading() as connection:
        ids = connection.exec_driver_sql("select id from passages order by id").scalars().all()
        kept = connection.exec_driver_sql("select passage from vectors").scalars().all()
    assert sorted(kept) == ids


def test_only_what_is_new_is_embedded(embedded, sentences):
    before = len(sentences.texts)
    talks.keep(embedded, talks.episode("late", "Came late", ("Ken", "A frame.")), show="late")
    index.refresh(embedded)
    making.embed(embedded)
    assert sorted(sentences.texts[before:]) == ["A frame.", "Came late"]


def test_vectors_go_with_their_passages(embedded):
    with embedded.writing() as connection:
        connection.exec_driver_sql("delete from shows")
    assert vectors.counts(embedded) == (0, 0)
    with embedded.reading() as connection:
        for table in ("vectors", "signs"):
            assert connection.exec_driver_sql(f"select * from {table}").all() == []


def test_meaning_reorders_what_words_have_found(embedded):
    by_words = searching.search(embedded, "tree interesting", most=30, meaning=False)
    both = searching.search(embedded, "tree interesting", most=30)
    assert {hit.passage for hit in both} >= {hit.passage for hit in by_words}
    assert [hit.passage for hit in both] != [hit.passage for hit in by_words]


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_nearest_are_those_of_an_exact_search(tmp_path_factory, seed):
    draw = np.random.default_rng(seed)
    with open_store(tmp_path_factory.mktemp("near")) as store:
        talks.keep(store, talks.STORAGE, talks.NETWORKS)
        index.refresh(store)
        asked, *known = draw.standard_normal((200, model.DIMENSIONS)).astype(np.float32)
        with store.writing() as connection:
            whole = lookup.extent(connection)
            by_id = {id: known[id] for first, last in whole.ranges for id in range(first, last + 1)}
            vectors.keep(connection, by_id)
            for document, first, last in connection.exec_driver_sql(
                "select id, first, last from documents"
            ).all():
                vectors.seal(connection, document, (first, last))
            everywhere, cosines = vectors.nearest(connection, asked, None)
            part = whole.documents_of(np.array([max(by_id)]), 1)
            narrowed, _ = vectors.nearest(connection, asked, part)
    exact = np.array([by_id[id] @ asked for id in everywhere.tolist()])
    assert set(everywhere.tolist()) == set(by_id)
    assert np.allclose(cosines, exact, atol=0.1)
    assert (np.diff(cosines) <= 0).all()
    assert narrowed.tolist() == [id for id in everywhere.tolist() if part[0][0] <= id <= part[0][1]]


some = st.lists(st.floats(0, 5, width=32), min_size=1, max_size=20)


@given(some, st.data())
def test_where_no_meaning_is_known_words_decide_alone(words, data):
    known = data.draw(st.lists(st.booleans(), min_size=len(words), max_size=len(words)))
    scores = np.array(words, dtype=np.float32)
    unknown = np.full_like(scores, np.nan)
    assert (ranking.united(scores, unknown) == scores).all()
    assert (ranking.fits(scores, unknown) == scores).all()
    partly = np.where(known, np.float32(0.5), unknown)
    assert not np.isnan(ranking.united(scores, partly)).any()


@pytest.mark.skipif(
    not model.is_installed(), reason=f"the embedding model is not installed: {model.INSTALL}"
)
def test_the_model_finds_a_paraphrase(library):
    talks.keep(library, POWER, show="power", title="Power")
    index.refresh(library)
    making.embed(library)
    asked = "can I lose data in a power cut?"
    assert found(library, asked, meaning=False) == []
    assert found(library, asked)[0] == "On current"
    assert found(library, "how do I bake sourdough bread?") == []
