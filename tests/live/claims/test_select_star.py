"""The claim on a real PostgreSQL: exact counts, and what they are when the cause is taken away.

Small tables and no timed thresholds: what is asserted here is the same on any machine.
"""

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg import Connection
from psycopg.pq import Trace

from earwitness.claims.select_star import reading, tables
from earwitness.claims.select_star.claim import CLAIM
from earwitness.claims.select_star.experiment import ReadingBench, open_bench
from earwitness.experiment.bench import BenchSettings, Unavailable
from earwitness.experiment.design import Depth, Experiment, Inference, Plan, Setting
from earwitness.experiment.events import ServerReady
from earwitness.experiment.judgement import judge_experiment
from earwitness.experiment.observation import Observation, Trial
from earwitness.experiment.verdict import Verdict
from earwitness.servers import postgres
from earwitness.servers.workspace import workspace

pytestmark = pytest.mark.live

BLOCKS = 3
FETCHED = 500


def settings_of(
    experiment: Experiment, folder: Path, ready: list[ServerReady], **settings: Setting
) -> BenchSettings:
    planned = experiment.plan_at(Depth.PROOF) or experiment.plan_at(Depth.STUDY)
    assert planned is not None
    return BenchSettings(
        plan=Plan(design=planned.design, arms=planned.arms, settings=settings),
        arms=experiment.arms_of(planned),
        seed=7,
        workspace=folder,
        announce=ready.append,
    )


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    # A socket's path must be short, which the folders of pytest are not.
    with tempfile.TemporaryDirectory(prefix="ew") as root:
        Path(root).chmod(0o711)
        with workspace("select-star", root=Path(root) / "runs") as own:
            yield own


@pytest.fixture(scope="module")
def connection(folder: Path) -> Iterator[Connection]:
    try:
        binaries = postgres.find(18)
    except postgres.MissingComponent as missing:
        pytest.skip(missing.reason)
    with postgres.running(binaries, folder, name="shared") as server, server.connect() as opened:
        yield opened


def blocks_of(experiment: Experiment, bench: ReadingBench, settings: BenchSettings) -> list[Trial]:
    trials = []
    for block in range(1, BLOCKS + 1):
        bench.block(block)
        for position, arm in enumerate(settings.arms):
            seen = bench.trial(arm)
            trials.append(
                Trial(
                    experiment=experiment.id,
                    block=block,
                    position=position,
                    arm=arm.name,
                    observation=seen,
                    seconds=0.0,
                )
            )
    return trials


@pytest.fixture(scope="module")
def wide(connection: Connection, folder: Path) -> list[Trial]:
    experiment = CLAIM.experiment("waterfall")
    settings = settings_of(experiment, folder, [], rows=3000, fetched=FETCHED, repetitions=1)
    return blocks_of(experiment, ReadingBench(connection, {}, settings), settings)


@pytest.fixture(scope="module")
def narrow(connection: Connection, folder: Path) -> list[Trial]:
    experiment = CLAIM.experiment("narrow")
    settings = settings_of(experiment, folder, [], rows=5000, fetched=FETCHED, repetitions=1)
    return blocks_of(experiment, ReadingBench(connection, {}, settings), settings)


def of_arm(trials: list[Trial], name: str) -> list[Observation]:
    return [trial.observation for trial in trials if trial.arm == name]


def exact_verdicts(experiment_id: str, trials: list[Trial]) -> dict[str, Verdict]:
    results = judge_experiment(CLAIM, CLAIM.experiment(experiment_id), Depth.PROOF, trials)
    return {r.id: r.verdict for r in results if r.inference == Inference.EXACT}


def test_the_counted_hypotheses_of_the_wide_table_hold(wide: list[Trial]) -> None:
    ids = ("pages", "index-only-lost", "heap-pages", "toast-pages", "bytes", "covering-index")
    assert exact_verdicts("waterfall", wide) == dict.fromkeys(ids, Verdict.SUPPORTED)


def test_the_counted_hypotheses_of_the_narrow_table_hold(narrow: list[Trial]) -> None:
    assert exact_verdicts("narrow", narrow) == {
        "narrow-pages": Verdict.SUPPORTED,
        "covered-star": Verdict.SUPPORTED,
    }


def test_every_arm_uses_the_index_that_it_is_about(wide: list[Trial], narrow: list[Trial]) -> None:
    plans = {trial.arm: trial.observation.outcomes["plan"] for trial in wide}
    assert plans == {
        "named-index-only": "Index Only Scan using wide_pkey",
        "named-heap": "Index Scan using wide_pkey",
        "inline": "Index Scan using wide_pkey",
        "plus-text": "Index Scan using wide_pkey",
        "star": "Index Scan using wide_pkey",
        "covering-index": "Index Only Scan using wide_needed",
    }
    plans = {trial.arm: trial.observation.outcomes["plan"] for trial in narrow}
    assert plans == {
        "named": "Index Scan using narrow_pkey",
        "star": "Index Scan using narrow_pkey",
        "star-covered": "Index Only Scan using narrow_covered_pkey",
    }


def test_every_page_was_visible_and_in_memory(wide: list[Trial], narrow: list[Trial]) -> None:
    for trial in (*wide, *narrow):
        assert trial.observation.values["all_visible"] == 1
        assert trial.observation.values["pages_from_disk"] == 0


def test_only_columns_out_of_line_add_pages_to_those_of_the_table(wide: list[Trial]) -> None:
    pages = {
        name: [seen.values["pages"] for seen in of_arm(wide, name)]
        for name in ("named-heap", "inline", "plus-text", "star")
    }
    assert pages["inline"] == pages["named-heap"]
    for inline, text, star in zip(pages["inline"], pages["plus-text"], pages["star"], strict=True):
        # every long value takes at least one page of its own table and one of that table's index
        assert text - inline >= 2 * FETCHED
        assert star - text >= 2 * FETCHED


def test_plain_explain_does_not_read_what_is_stored_out_of_line(
    wide: list[Trial], connection: Connection
) -> None:
    query = tables.query("wide", "star", first=1, count=FETCHED)
    plain = reading.explain(connection, query, serialize=False)
    serialized = reading.explain(connection, query, serialize=True)
    assert serialized.pages - plain.pages >= 4 * FETCHED


def test_long_values_are_stored_as_the_arms_say(wide: list[Trial], connection: Connection) -> None:
    row = connection.execute(
        "select min(octet_length(bio)), max(pg_column_size(bio)), min(pg_column_size(bio)), "
        "min(pg_column_compression(bio)), min(octet_length(photo)), min(pg_column_size(photo)), "
        "max(pg_column_compression(photo)) from wide"
    ).fetchone()
    assert row is not None
    characters, largest, smallest, method, photo, stored, photo_method = row
    assert characters == 8000
    assert 2000 < smallest <= largest < 5000
    assert method == "pglz"
    assert photo == stored == 4000
    assert photo_method is None


def test_bytes_are_those_that_the_client_library_traces(
    narrow: list[Trial], connection: Connection, tmp_path: Path
) -> None:
    query = tables.query("narrow", "star", first=100, count=50)
    log = tmp_path / "trace"
    with log.open("w") as file:
        connection.pgconn.trace(file.fileno())
        connection.pgconn.set_trace_flags(Trace.SUPPRESS_TIMESTAMPS)
        connection.execute(query)
        connection.pgconn.untrace()
    # The traced length leaves the type byte out.
    lengths = [int(n) + 1 for n in re.findall(r"(?m)^B\t(\d+)\tDataRow", log.read_text())]
    assert len(lengths) == 50
    assert reading.sent_bytes(connection, query) == sum(lengths)


@pytest.mark.parametrize("planner_knows", [False, True])
def test_rows_that_changed_since_vacuum_cost_the_index_only_scan_and_the_verdict(
    planner_knows: bool, connection: Connection, folder: Path
) -> None:
    experiment = CLAIM.experiment("narrow")
    settings = settings_of(experiment, folder, [], rows=3000, fetched=FETCHED, repetitions=1)
    connection.execute("drop table if exists narrow, narrow_covered")
    bench = ReadingBench(connection, {}, settings)
    connection.execute("update narrow_covered set n02 = n02 + 1")
    if planner_knows:
        connection.execute("analyze narrow_covered")
    trials = blocks_of(experiment, bench, settings)
    assert {seen.values["index_only"] for seen in of_arm(trials, "star-covered")} == {0}
    assert exact_verdicts("narrow", trials)["covered-star"] is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("major", [16, 18])
def test_a_prepared_star_fails_when_a_column_is_added(major: int, folder: Path) -> None:
    experiment = CLAIM.experiment("schema-change")
    ready: list[ServerReady] = []
    settings = settings_of(experiment, folder, ready, executions=3, postgresql=major)
    try:
        with open_bench(experiment, settings) as bench:
            bench.block(1)
            star, named = (bench.trial(experiment.arm(name)) for name in ("star", "named"))
            assert bench.environment["server"].startswith(f"PostgreSQL {major}.")
    except Unavailable as missing:
        pytest.skip(missing.reason)
    assert star.values == {"executions": 3, "failures": 3}
    assert star.outcomes["after_change"] == "cached plan must not change result type"
    assert named.values == {"executions": 3, "failures": 0}
    assert named.outcomes["after_change"] == "rows"
    assert [event.server for event in ready] == [bench.environment["server"]]


def test_arms_of_a_block_read_the_same_rows_and_a_seed_repeats_them(
    connection: Connection, folder: Path
) -> None:
    experiment = CLAIM.experiment("narrow")
    seen = []
    for _ in range(2):
        connection.execute("drop table if exists narrow, narrow_covered")
        settings = settings_of(experiment, folder, [], rows=3000, fetched=FETCHED, repetitions=1)
        trials = blocks_of(experiment, ReadingBench(connection, {}, settings), settings)
        seen.append([trial.observation.values["bytes_out"] for trial in trials])
        stars, covered = (of_arm(trials, name) for name in ("star", "star-covered"))
        assert [s.values["bytes_out"] for s in stars] == [s.values["bytes_out"] for s in covered]
    assert seen[0] == seen[1]
    assert len(set(seen[0])) > 2, "every block reads the same rows"
