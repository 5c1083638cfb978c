"""From what is found after a cut to what a client lost, and from that to numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.claims.fsync.configuration import Mode, Promise, promise
from earwitness.claims.fsync.loss import Found, Loss, compare, compare_clients
from earwitness.claims.fsync.postgres_ledger import Client
from earwitness.claims.fsync.tally import broken, tally


def found(*numbers: int, problem: str | None = None) -> Found:
    return Found(numbers=frozenset(numbers), problem=problem)


def loss(
    acknowledged: int = 3,
    *,
    lost: int = 0,
    gap: bool = False,
    phantoms: int = 0,
    damaged: bool = False,
) -> Loss:
    return Loss(
        acknowledged=acknowledged, lost=lost, has_gap=gap, phantoms=phantoms, damaged=damaged
    )


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (found(1, 2, 3), loss()),
        (found(1, 2, 3, 4), loss()),  # the client was still waiting for the fourth
        (found(1, 2), loss(lost=1)),
        (found(), loss(lost=3)),
        (found(1, 3), loss(lost=1, gap=True)),
        (found(1, 2, 3, 5), loss(gap=True, phantoms=1)),
        (found(1, 2, 3, problem="half a commit"), loss(damaged=True)),
    ],
)
def test_what_is_there_is_held_against_what_was_acknowledged(seen: Found, expected: Loss) -> None:
    assert compare(3, seen) == expected


@given(st.integers(0, 50), st.integers(0, 51))
def test_a_prefix_loses_its_missing_end_and_nothing_else(acknowledged: int, there: int) -> None:
    seen = found(*range(1, min(there, acknowledged + 1) + 1))
    assert compare(acknowledged, seen) == loss(acknowledged, lost=max(0, acknowledged - there))


def test_cuts_are_counted_by_what_they_cost() -> None:
    losses = [loss(), loss(lost=1), loss(lost=3, damaged=True), loss(gap=True, phantoms=2)]
    counted = tally(losses)
    assert counted["lossy_bound"] == pytest.approx(93.24, abs=0.01)  # Clopper-Pearson, 2 of 4
    assert {**counted, "lossy_bound": 0} == {
        "cuts": 4,
        "acknowledged": 12,
        "lossy_cuts": 2,
        "lossy": 50,
        "lossy_bound": 0,
        "lost": 4,
        "lost_share": pytest.approx(100 / 3),
        "mean_lost": 1,
        "most_lost": 3,
        "damaged_cuts": 1,
        "damaged": 25,
        "harmed_cuts": 3,
        "gap_cuts": 1,
        "phantoms": 2,
    }


def test_cuts_before_the_first_commit_lose_no_share() -> None:
    assert tally([loss(0)])["lost_share"] == 0


def test_no_cuts_are_no_observation() -> None:
    with pytest.raises(ValueError, match="no cut"):
        tally([])


@pytest.mark.parametrize(
    ("promised", "cost", "kept"),
    [
        (Promise(most_lost=0, sound=True), loss(), True),
        (Promise(most_lost=0, sound=True), loss(lost=1), False),
        (Promise(most_lost=1, sound=True), loss(lost=1), True),
        (Promise(most_lost=1, sound=True), loss(lost=2), False),
        (Promise(most_lost=None, sound=True), loss(lost=3), True),
        (Promise(most_lost=None, sound=True), loss(damaged=True), False),
        (Promise(most_lost=None, sound=True), loss(gap=True), False),
        (Promise(most_lost=None, sound=True), loss(phantoms=1), False),
        (Promise(most_lost=None, sound=False), loss(lost=3, damaged=True, gap=True), True),
    ],
)
def test_a_promise_is_broken_by_more_than_it_allows(
    promised: Promise, cost: Loss, kept: bool
) -> None:
    assert broken(promised, [loss(), cost]) == (0 if kept else 1)


@pytest.mark.parametrize("journal", ["delete", "truncate", "persist", "wal"])
def test_more_flushing_never_promises_less(journal: str) -> None:
    promises = [promise(Mode(journal, s)) for s in ("off", "normal", "full", "extra")]
    worst = [float("inf") if p.most_lost is None else p.most_lost for p in promises]
    assert worst == sorted(worst, reverse=True)
    assert [p.sound for p in promises] == sorted(p.sound for p in promises)
    assert promises[-1] == Promise(most_lost=0, sound=True)


def test_clients_that_commit_at_once_have_numbers_of_their_own() -> None:
    # of three clients: 1 and 4, 2, 3 and 6
    found = Found(numbers=frozenset({1, 4, 2, 3, 6}), problem=None)
    assert compare_clients((2, 1, 2), found) == Loss(
        acknowledged=5, lost=0, has_gap=False, phantoms=0, damaged=False
    )
    assert compare_clients((2, 3, 2), found).lost == 2
    assert compare_clients((0, 1, 2), found).phantoms == 1, "one may be on its way, not two"
    holed = Found(numbers=frozenset({1, 7}), problem=None)
    assert compare_clients((3, 0, 0), holed).has_gap
    assert compare_clients((3, 0, 0), holed).lost == 1


@given(st.integers(1, 5), st.lists(st.integers(0, 6), min_size=1, max_size=5))
def test_what_every_client_was_told_and_is_there_is_no_loss(extra: int, told: list[int]) -> None:
    clients = [Client(number, len(told)) for number in range(len(told))]
    numbers = frozenset(
        client.commit(count)
        for client, commits in zip(clients, told, strict=True)
        for count in range(1, commits + 1)
    )
    assert not compare_clients(told, Found(numbers=numbers, problem=None)).is_harm
    more = [commits + extra for commits in told]
    assert compare_clients(more, Found(numbers=numbers, problem=None)).lost == extra * len(told)


def test_clients_share_no_account() -> None:
    for of in (1, 3, 4):
        accounts = [set(Client(number, of).accounts) for number in range(of)]
        assert sum(map(len, accounts)) == len(set().union(*accounts))
        assert all(len(own) >= 2 for own in accounts)
