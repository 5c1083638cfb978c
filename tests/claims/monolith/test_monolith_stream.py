"""The stream and what is found in it: no cloud, no server, the real decoder."""

import json
import urllib.error
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

av = pytest.importorskip("av")

from earwitness.claims.monolith import origin, stream  # noqa: E402
from earwitness.claims.monolith.origin import Origin  # noqa: E402
from earwitness.claims.monolith.pipeline import detectors, service, storage  # noqa: E402
from earwitness.claims.monolith.pipeline.detectors import DETECTORS, Finding  # noqa: E402
from earwitness.claims.monolith.pipeline.samples import Window, sample  # noqa: E402
from earwitness.claims.monolith.pipeline.service import Order  # noqa: E402
from earwitness.claims.monolith.pipeline.storage import Shelf  # noqa: E402
from earwitness.claims.monolith.stream import Shape, Stream, generate  # noqa: E402

SHAPE = Shape(width=320, height=180, windows=6, window_seconds=2.0)
FLAGS = st.lists(st.booleans(), min_size=1, max_size=12)


@pytest.fixture(scope="module")
def generated() -> Stream:
    return generate(SHAPE, 7)


@pytest.fixture
def served(generated: Stream) -> Iterator[Origin]:
    with origin.serving([generated]) as serving:
        yield serving


def order(served: Origin, names: Sequence[str] = tuple(DETECTORS)) -> Order:
    return Order(
        address=served.address(0),
        windows=SHAPE.windows,
        seconds=SHAPE.window_seconds,
        per_second=2,
        detectors=list(names),
    )


# The stream.


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**32))
def test_exactly_the_known_defects_are_found(seed: int) -> None:
    made = generate(SHAPE, seed)
    found: list[Finding] = []
    for number, segment in enumerate(made.segments):
        window = sample(segment, number * 2.0, 2.0, 2)
        assert window.decoded == 20
        for name, detector in DETECTORS.items():
            found += detectors.findings(name, detector(window), window.start, window.cell)
    assert tuple(detectors.joined(found)) == made.defects


def test_there_is_one_defect_of_every_kind(generated: Stream) -> None:
    assert [name for name, _, _ in generated.defects] == sorted(DETECTORS)
    ordered = sorted((start, end) for _, start, end in generated.defects)
    assert all(end - start == 2 for start, end in ordered)
    assert all(a[1] <= b[0] for a, b in pairwise(ordered))


def test_a_seed_makes_the_same_defects_and_another_makes_others() -> None:
    small = Shape(width=64, height=48, windows=6, window_seconds=2.0)
    assert generate(small, 3).defects == generate(small, 3).defects
    assert len({generate(small, seed).defects for seed in range(8)}) > 1


def test_a_stream_too_short_for_its_defects_is_refused() -> None:
    with pytest.raises(ValueError, match="too short"):
        generate(Shape(width=64, height=48, windows=5, window_seconds=2.0), 1)


def test_without_a_defect_nothing_is_found(
    generated: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same stream, its defects switched off: no detector finds anything."""
    monkeypatch.setattr(stream, "_within", lambda at, defect: False)
    monkeypatch.setattr(stream, "_DEFECT_SECONDS", 0.0)
    clean = generate(SHAPE, 7)
    for number, segment in enumerate(clean.segments):
        window = sample(segment, number * 2.0, 2.0, 2)
        assert not any(detector(window).any() for detector in DETECTORS.values())


def test_what_is_no_segment_is_said() -> None:
    with pytest.raises(av.error.InvalidDataError):
        sample(b"nothing of the kind", 0, 2, 2)


# Detectors, pure.


def picture(level: int) -> np.ndarray:
    return np.full((6, 8), level, np.uint8)


def test_dark_is_black_and_dim_is_not() -> None:
    assert detectors.black([picture(16), picture(32), picture(33)]).tolist() == [True, True, False]


@given(st.lists(st.sampled_from([40, 80, 120]), min_size=1, max_size=8))
def test_a_picture_like_its_neighbour_stands_still(levels: list[int]) -> None:
    expected = [
        any(0 <= n < len(levels) and levels[n] == level for n in (i - 1, i + 1))
        for i, level in enumerate(levels)
    ]
    assert detectors.freeze([picture(level) for level in levels]).tolist() == expected


def test_silence_is_sixty_decibels_down() -> None:
    sound = np.concatenate([np.full(100, 34), np.full(100, 32), np.zeros(100)]).astype(np.int16)
    assert detectors.silence(sound, 3).tolist() == [False, True, True]


@given(FLAGS, st.integers(0, 20))
def test_findings_cover_flagged_cells_and_nothing_else(flags: list[bool], start: int) -> None:
    found = detectors.findings("black", np.array(flags), start, 0.5)
    covered = {
        round((begin - start) / 0.5) + n
        for _, begin, end in found
        for n in range(round((end - begin) / 0.5))
    }
    assert covered == {cell for cell, flagged in enumerate(flags) if flagged}


@given(FLAGS, FLAGS, st.integers(1, 11))
def test_windows_joined_are_the_stream(flags: list[bool], dark: list[bool], cut: int) -> None:
    """Where a stream is cut into windows makes no difference to what is found in it."""

    def found(name: str, own: list[bool], at: float) -> list[Finding]:
        return detectors.findings(name, np.array(own, dtype=bool), at, 0.5) if own else []

    whole = [*found("freeze", flags, 0), *found("black", dark, 0)]
    parts = [
        *found("black", dark[cut:], cut / 2),
        *found("freeze", flags[cut:], cut / 2),
        *found("freeze", flags[:cut], 0),
        *found("black", dark[:cut], 0),
    ]
    assert detectors.joined(parts) == detectors.joined(whole)


@given(FLAGS, FLAGS)
def test_black_is_no_freeze(still: list[bool], dark: list[bool]) -> None:
    cells = min(len(still), len(dark))
    found = detectors.joined(
        [
            *detectors.findings("freeze", np.array(still[:cells]), 0, 1),
            *detectors.findings("black", np.array(dark[:cells]), 0, 1),
        ]
    )
    frozen = {c for n, s, e in found if n == "freeze" for c in range(int(s), int(e))}
    assert frozen == {c for c in range(cells) if still[c] and not dark[c]}


# One process.


def test_one_process_finds_all_and_a_clone_its_share(served: Origin, generated: Stream) -> None:
    result = service.watch(order(served))
    assert tuple(result["found"]) == generated.defects
    assert result["decoded"] == 120
    assert served.fetched == SHAPE.windows
    share = service.watch(order(served, ["silence"]))
    assert [name for name, _, _ in share["found"]] == ["silence"]
    assert served.fetched == 2 * SHAPE.windows


def test_a_segment_that_is_not_there_is_said(served: Origin) -> None:
    with pytest.raises(urllib.error.HTTPError, match="404"):
        service.fetch(served.address(0), SHAPE.windows)
    assert served.fetched == 0


# What steps hand to each other.


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """A shelf that keeps its objects here."""
    kept: dict[str, bytes] = {}
    monkeypatch.setattr(Shelf, "_put", lambda self, name, content: kept.update({name: content}))
    monkeypatch.setattr(Shelf, "_get", lambda self, name: kept[name])
    return kept


@pytest.mark.parametrize(("together", "objects"), [(False, 4 + 1 + 1), (True, 1)])
def test_a_window_comes_back_as_it_was(
    store: dict[str, bytes], generated: Stream, together: bool, objects: int
) -> None:
    window: Window = sample(generated.segments[3], 6.0, 2.0, 2)
    shelf = Shelf("bucket", "0003", together, 4)
    shelf.put(window)
    assert len(store) == objects
    pairs = zip(shelf.pictures(), window.pictures, strict=True)
    assert all((a == b).all() for a, b in pairs)
    assert (shelf.sound() == window.sound).all()
    assert tuple(shelf.damaged()) == window.damaged
    shelf.put_result([("black", 1.0, 2.0)])
    assert json.loads(store["result.json"]) == [["black", 1.0, 2.0]]


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**32))
def test_png_loses_nothing(height: int, width: int, seed: int) -> None:
    noise = np.random.default_rng(seed).integers(0, 256, (height, width), np.uint8)
    assert (storage.decoded(storage.encoded(noise)) == noise).all()
