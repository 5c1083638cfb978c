import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from earwitness.library.search import searching
from earwitness.library.search.passages import Kind
from earwitness.library.search.scope import Scope
from tests.library.search import talks


def episodes(store, text, **scope):
    return [hit.episode_id for hit in searching.search(store, text, scope=Scope(**scope))]


def first(store, text):
    return searching.search(store, text)[0]


def test_a_hit_leads_to_the_second_of_the_sentence(library):
    hit = first(library, "which commits are durable?")
    assert (hit.episode_id, hit.kind, hit.start_seconds) == ("talks/storage", Kind.TRANSCRIPT, 200)
    assert hit.quote == "It makes commits durable."
    assert (hit.speaker, hit.chapter, hit.show) == ("Grace", "Durability", "talks")
    assert hit.matched == ("commits", "durable")
    assert hit.quote in hit.text


def test_words_are_found_in_other_forms(library):
    assert first(library, "committing durably").quote == "It makes commits durable."


def test_a_transcript_without_times_gives_no_second(library):
    hit = first(library, "pipe programs")
    assert (hit.start_seconds, hit.quote) == (None, "Pipes join programs.")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tree", {"talks/storage", "talks/networks"}),
        ('"spanning tree"', {"talks/networks"}),
        ('"tree spanning"', set()),
        ("tree -frames", {"talks/storage"}),
        ("compac*", {"talks/storage"}),
        ("tree speaker:radia", {"talks/networks"}),
        ("tree chapter:trees", {"talks/storage"}),
        ("tree after:2024-01-01", {"talks/storage"}),
        ("tree before:2024-01-01", {"talks/networks"}),
        ("tree episode:networks", {"talks/networks"}),
        ("tree show:talks", {"talks/storage", "talks/networks"}),
        ("tree show:elsewhere", set()),
        ("speaker:ken", {"talks/no-times"}),
        ("show:talks", set()),
        ("nowhere", set()),
        ("", set()),
    ],
)
def test_what_a_query_finds(library, text, expected):
    hits = searching.search(library, text, most=100)
    matching = {hit.episode_id for hit in hits if hit.matched or not searching.parse(text).terms}
    assert matching == expected


def test_minus_takes_out_every_passage_with_the_word(library):
    hits = searching.search(library, "tree interesting -compaction", most=1000)
    assert hits and all("compaction" not in hit.text.lower() for hit in hits)


def test_the_scope_of_the_caller_holds_beside_the_query(library):
    assert set(episodes(library, "tree", episode="talks/networks")) == {"talks/networks"}
    assert set(episodes(library, "tree", show="talks")) == {"talks/networks", "talks/storage"}
    assert episodes(library, "tree", show="nobody") == []
    kinds = searching.search(library, "storage", scope=Scope(kinds=(Kind.DESCRIPTION,)))
    assert {hit.kind for hit in kinds} == {Kind.DESCRIPTION}


def test_a_region_with_all_words_beats_a_passage_that_repeats_one(store):
    from earwitness.library.search import index

    regional = talks.episode(
        "regional",
        "Regional",
        ("A", "The allocator is slow. " + talks.FILLER * 6),
        ("A", "Fragmentation is why. " + talks.FILLER * 6),
        *talks.fill(60),
        ("A", "allocator allocator allocator " + talks.FILLER * 6),
        *talks.fill(60),
    )
    talks.keep(store, regional)
    index.refresh(store)
    best = first(store, "allocator fragmentation")
    assert best.start_seconds is not None and best.start_seconds < 60


@pytest.mark.parametrize("most", [1, 2, 7])
def test_parts_are_the_whole(library, most):
    everything = searching.page(library, "the flush", scope=Scope(), first=0, most=100)
    assert everything.following is None
    assert everything.total == len(everything.hits) > 2
    found, first = [], 0
    while first is not None:
        part = searching.page(library, "the flush", scope=Scope(), first=first, most=most)
        found += part.hits
        first = part.following
    assert found == everything.hits


def test_the_limit_is_kept_and_scores_fall(library):
    hits = searching.search(library, "interesting tree", most=7)
    assert len(hits) == 7
    scores = [hit.score for hit in hits]
    assert scores == sorted(scores, reverse=True)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(
    st.one_of(
        st.text(max_size=80),
        st.lists(
            st.sampled_from(
                [
                    '"',
                    "'",
                    "*",
                    "(",
                    ")",
                    "AND",
                    "OR",
                    "NOT",
                    "NEAR(",
                    ":",
                    "^",
                    "+",
                    "-",
                    "{",
                    "}",
                    "speaker:",
                    "text :",
                    "tree",
                    "\x00",
                    "�",
                    "--",
                    ";",
                    "drop table",
                    "show:",
                ]
            ),
            max_size=12,
        ).map(" ".join),
    )
)
def test_any_text_finds_something_or_nothing_and_never_fails(library, text):
    assert isinstance(searching.search(library, text), list)
