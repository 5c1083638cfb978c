"""Identifiers, documents and counters, without a server."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.claims.clustered_collections import layout, rows
from earwitness.claims.clustered_collections.counters import Counters, Usage, of_storage, of_top

KINDS = ("objectid", "path", "random")


@pytest.fixture(autouse=True)
def _driver() -> None:
    pytest.importorskip("bson")


@pytest.mark.parametrize("kind", KINDS)
@given(first=st.integers(0, 2**23), count=st.integers(1, 50))
def test_ids_are_given_once_and_are_the_same_at_every_call(
    kind: str, first: int, count: int
) -> None:
    ids = layout.ids(kind, first, count)
    assert len(set(ids)) == count
    assert ids[-1:] == layout.ids(kind, first + count - 1, 1)


@pytest.mark.parametrize("kind", ["objectid", "path"])
@given(first=st.integers(0, 2**23), count=st.integers(1, 50))
def test_ids_rise_with_their_number(kind: str, first: int, count: int) -> None:
    ids = layout.ids(kind, first, count)
    assert ids == sorted(ids)


def test_ids_have_the_lengths_that_are_told() -> None:
    assert {len(id) for id in layout.ids("path", 0, 100)} == {layout.PATH_CHARACTERS}
    assert {len(id) for id in layout.ids("random", 0, 100)} == {16}
    assert layout.ids("random", 0, 100) != sorted(layout.ids("random", 0, 100))
    with pytest.raises(KeyError):
        layout.ids("uuid", 0, 1)


def test_a_seed_repeats_the_documents_and_another_gives_others() -> None:
    from bson import encode

    ids = layout.ids("objectid", 0, 20)
    documents = layout.documents(ids, [1, 2])
    assert documents == layout.documents(ids, [1, 2])
    assert documents != layout.documents(ids, [1, 3])
    assert [document["_id"] for document in documents] == ids
    assert len({document["text"] for document in documents}) == 20
    assert {len(encode(document)) for document in documents} <= set(range(380, 420))


@given(first=st.integers(0, 2**40), count=st.integers(1, 50), ordered=st.booleans())
def test_keys_of_rows_are_given_once(first: int, count: int, ordered: bool) -> None:
    keys = rows.keys(first, count, ordered=ordered)
    assert len(set(keys)) == count
    assert {len(key) for key in keys} == {16}
    assert not ordered or keys == sorted(keys)


def tree(**counted: int) -> dict[str, object]:
    cursor = ("search calls", "search near calls", "insert calls", "remove calls", "update calls")
    cache = ("pages requested from the cache", "pages read into cache")
    bytes_ = ("bytes read into cache", "bytes written from cache")
    named = {name.replace("_", " "): value for name, value in counted.items()}
    return {
        "cursor": dict.fromkeys(cursor, 0) | named,
        "cache": dict.fromkeys((*cache, *bytes_), 0) | named,
    }


def test_counters_are_summed_over_the_table_and_its_indexes() -> None:
    table = tree(search_calls=3, insert_calls=5, modify_calls=2, bytes_read_into_cache=100)
    index = tree(search_near_calls=4, remove_calls=1, bytes_written_from_cache=10)
    counted = of_storage({"wiredTiger": table, "indexDetails": {"_id_": index}})
    assert (counted.searches, counted.writes, counted.bytes_moved) == (7, 8, 110)
    alone = of_storage({"wiredTiger": table, "indexDetails": {}})
    assert counted - alone == Counters(
        searches=4, writes=1, pages=0, pages_from_disk=0, bytes_moved=10
    )


def test_another_storage_engine_is_not_read_as_zero() -> None:
    with pytest.raises(KeyError):
        of_storage({"indexDetails": {}})


def test_usage_adds_up_all_kinds_and_knows_nothing_of_an_unused_collection() -> None:
    kinds = ("queries", "getmore", "insert", "update", "remove", "commands", "total", "readLock")
    totals = {"db.c": {kind: {"count": 2, "time": 10} for kind in kinds}}
    assert of_top(totals, "db.c") == Usage(commands=12, microseconds=60)
    assert of_top(totals, "db.other") == Usage(0, 0)
