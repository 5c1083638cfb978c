"""The collections that are compared and the documents in them.

What a plain and a clustered collection are, which kinds of ``_id`` there are, and how documents
look. Nothing is counted or timed here.
"""

from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pymongo.collection import Collection
    from pymongo.database import Database

Document = dict[str, Any]

FIRST_RELEASE = (5, 3)
"""The release of MongoDB that brought clustered collections."""
PATH_CHARACTERS = 110
"""Length of an ``_id`` of the kind "path": what a tenant, a folder and a name add up to."""

_SECONDARY_FIELDS = ("customer", "price", "weight")
_TEXT_CHARACTERS = 300
_EPOCH_SECONDS = 1_700_000_000
_PER_SECOND = 1000
"""Documents that share the second in their ObjectId."""


def create(
    database: "Database[Document]", name: str, *, clustered: bool, secondaries: int = 0
) -> "Collection[Document]":
    """An empty collection in place of one of that name, with that many secondary indexes."""
    database.drop_collection(name)
    if clustered:
        index = {"key": {"_id": 1}, "unique": True}
        collection = database.create_collection(name, clusteredIndex=index)
    else:
        collection = database.create_collection(name)
    for field in _SECONDARY_FIELDS[:secondaries]:
        collection.create_index(field)
    return collection


def ids(kind: str, first: int, count: int) -> list[Any]:
    """Consecutive ``_id`` values of a kind, from number ``first`` on; the same at every call.

    "objectid" and "path" rise with their number, "random" are 16 bytes in no order, as a version 4
    UUID. KeyError for another kind.
    """
    from bson import ObjectId

    makers: Mapping[str, Callable[[int], Any]] = {
        "objectid": lambda number: ObjectId(_object_id(number)),
        "path": lambda number: f"{number:012}/{_digest(number, 64).hex()}"[:PATH_CHARACTERS],
        "random": lambda number: _digest(number, 16),
    }
    make = makers[kind]
    return [make(number) for number in range(first, first + count)]


def documents(keys: Sequence[Any], seed: Sequence[int]) -> list[Document]:
    """One document of some 400 bytes for each ``_id``; what else stands in it is random."""
    draw = np.random.default_rng(seed)
    numbers = draw.integers(0, 2**30, (len(keys), len(_SECONDARY_FIELDS))).tolist()
    text = draw.bytes(len(keys) * _TEXT_CHARACTERS // 2).hex()  # hardly any compression helps
    return [
        {
            "_id": key,
            "changes": 0,
            **dict(zip(_SECONDARY_FIELDS, numbers[place], strict=True)),
            "text": text[place * _TEXT_CHARACTERS : (place + 1) * _TEXT_CHARACTERS],
        }
        for place, key in enumerate(keys)
    ]


def _object_id(number: int) -> bytes:
    """Time of creation, machine and counter, as a driver composes them (bson ObjectId spec)."""
    seconds = _EPOCH_SECONDS + number // _PER_SECOND
    return seconds.to_bytes(4, "big") + b"maker" + number.to_bytes(3, "big")


def _digest(number: int, size: int) -> bytes:
    """A hash of the number: as good as random, and the same at every call."""
    return blake2b(number.to_bytes(8, "big"), digest_size=size).digest()
