"""How well passages are ranked on labelled questions, with constants that never saw them.

The questions are on recorded meetings, asked within their meeting. The constants of the ranking are
chosen anew on two thirds of the meetings, by nDCG, and measured on the third that is left, three
times; beside that stand the constants that the program has, and SQLite's own BM25 on the same words.
The recordings are the unit: all questions on one are on the same side. Each question is also asked
of another meeting, where nothing answers it, and of all meetings together, where the right one has
to be found.

    python benchmarks/search_quality.py [--questions FILE] [--embed] [--keep FOLDER]

With ``--embed`` the same is measured with the embedding model. Its vectors take about two minutes of
one core; with ``--keep`` they are made once, and found again the next time.

Exits with 1 when a target is missed: nDCG@10 of 0.55 with constants that never saw the questions and
an AUROC of abstention of 0.85, and neither of them lower with the embedding model.
"""

import argparse
import contextlib
import itertools
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from unittest import mock

import numpy as np

from earwitness.library.evaluation import datasets, metrics, running
from earwitness.library.evaluation.datasets import Meeting
from earwitness.library.evaluation.running import Asked
from earwitness.library.search import ranking, ranks
from earwitness.library.search.embedding import making
from earwitness.library.search.passages import Kind
from earwitness.library.search.query import parse
from earwitness.library.search.scope import Scope
from earwitness.store.connection import Store, open_store

NDCG = 0.55
AUROC = 0.85
THIRDS = 3
GRID = {"OWN": (0.05, 0.1, 0.2), "FADING": (0.65, 0.75, 0.85), "NEIGHBOURHOOD": (1.0, 2.0, 4.0)}
GRID_OF_MEANING = {"MEANING": (0.2, 0.3, 0.4)}
SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


def ask(store: Store, meetings: Sequence[Meeting], *, meaning: bool = False, **constants: float):
    """What came of every question, with some constants of the ranking changed."""
    with contextlib.ExitStack() as changed:
        for name, value in constants.items():
            changed.enter_context(mock.patch.object(ranking, name, value))
        return list(running.ask_meetings(store, meetings, meaning=meaning))


def gains(asked: Sequence[Asked]) -> np.ndarray:
    return np.array([metrics.ndcg(one.ours, one.relevant) for one in asked])


def with_every(
    store: Store, meetings: Sequence[Meeting], grid: dict[str, tuple[float, ...]], *, meaning: bool
) -> dict[str, np.ndarray]:
    """The gains of each question for each choice of constants, by the words for it."""
    return {
        ", ".join(f"{name} {value}" for name, value in zip(grid, values, strict=True)): gains(
            ask(store, meetings, meaning=meaning, **dict(zip(grid, values, strict=True)))
        )
        for values in itertools.product(*grid.values())
    }


def unseen(every: dict[str, np.ndarray], groups: Sequence[str]) -> np.ndarray:
    """The gains of each question under the constants that are best on the other two thirds."""
    third = np.array([int(group) % THIRDS for group in groups])
    chosen = np.zeros(len(third))
    for left_out in range(THIRDS):
        inside = third != left_out
        best = max(every, key=lambda constants: every[constants][inside].mean())
        chosen[~inside] = every[best][~inside]
        print(f"  chosen without third {left_out + 1}: {best}")
    return chosen


def right_meeting(store: Store, meetings: Sequence[Meeting], *, meaning: bool) -> np.ndarray:
    """Of each question that is asked of all meetings, how many results come before the right one."""
    before = []
    with store.reading() as connection:
        for number, meeting in enumerate(meetings):
            first, last = connection.exec_driver_sql(
                "select first, last from documents where kind = ? and episode = ?",
                (Kind.TRANSCRIPT, f"meetings/{number}"),
            ).one()
            for question in meeting.questions:
                query, scope = parse(question.question), Scope(kinds=(Kind.TRANSCRIPT,))
                ids = ranks.rank(connection, query, scope, ranks.DEPTH, meaning=meaning).ids
                right = np.flatnonzero((ids >= first) & (ids <= last))
                before.append(right[0] if len(right) else ranks.DEPTH)
    return np.array(before)


def auroc(asked: Sequence[Asked], groups: Sequence[str]) -> tuple[float, float, float]:
    return metrics.auroc_interval(
        [one.confidence for one in asked], [one.elsewhere or 0.0 for one in asked], groups, seed=1
    )


@contextlib.contextmanager
def opened(keep: Path | None) -> Iterator[Store]:
    with contextlib.ExitStack() as stack:
        folder = keep or Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="earwitness-quality-"))
        )
        yield stack.enter_context(open_store(folder))


def tell(name: str, told: tuple[float, float, float]) -> None:
    print(f"  {name:38} {told[0]:.3f} [{told[1]:.3f}, {told[2]:.3f}]")


def measure(store: Store, meetings: Sequence[Meeting], *, meaning: bool) -> tuple[float, float]:
    """Tell all figures of one arm; nDCG with constants that never saw the questions, and AUROC."""
    print("\nwords and meaning" if meaning else "words alone")
    asked = ask(store, meetings, meaning=meaning)
    groups = [one.group for one in asked]
    grid = GRID_OF_MEANING if meaning else GRID
    every = with_every(store, meetings, grid, meaning=meaning)
    honest = unseen(every, groups)
    rows = {"constants that never saw them": honest, "constants of the program": gains(asked)}
    if not meaning:
        rows["plain BM25"] = np.array([metrics.ndcg(one.plain, one.relevant) for one in asked])
    print(f" nDCG@10 of {len(asked)} questions on {len(set(groups))} meetings (target {NDCG})")
    for name, values in rows.items():
        tell(name, metrics.interval(list(values), groups, seed=1))
    print(f"  {'worst constants of the grid':38} {min(v.mean() for v in every.values()):.3f}")
    abstention = auroc(asked, groups)
    tell(f"AUROC of abstention (target {AUROC})", abstention)
    before = right_meeting(store, meetings, meaning=meaning)
    for most in (1, 10):
        found = [float(one < most) for one in before]
        name = f"right meeting of all within {most}"
        tell(name, metrics.interval(found, groups, seed=1))
    return float(honest.mean()), abstention[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--questions", type=Path, default=SHARED / "spoken-qa" / "val.jsonl")
    parser.add_argument("--embed", action="store_true")
    parser.add_argument("--keep", type=Path, help="where the passages and vectors are kept")
    arguments = parser.parse_args()
    if not arguments.questions.exists():
        print(f"no questions in {arguments.questions}: nothing was measured")
        return
    meetings = datasets.read(arguments.questions.read_bytes())
    with opened(arguments.keep) as store:
        running.shelve(store, meetings)
        ndcg, abstention = measure(store, meetings, meaning=False)
        missed = ndcg < NDCG or abstention < AUROC
        if arguments.embed:
            making.embed(store)
            better = measure(store, meetings, meaning=True)
            missed |= better[0] < ndcg or better[1] < abstention
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
