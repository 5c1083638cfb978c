"""The study of the claim on a real PostgreSQL: what is counted, and what is counted without the cause.

Small tables and no timed thresholds: what is asserted here is the same on any machine.
"""

import importlib.util
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from psycopg import Connection

from earwitness.claims.select_star import (
    design,
    forecast,
    page_cache,
    reading,
    sending_design,
    tables,
)
from earwitness.claims.select_star.claim import CLAIM
from earwitness.claims.select_star.clients import CLIENTS
from earwitness.claims.select_star.cooling import CoolingBench
from earwitness.claims.select_star.experiment import open_bench
from earwitness.claims.select_star.forecasting import ForecastingBench
from earwitness.claims.select_star.looking import LookingBench
from earwitness.experiment.bench import Bench, BenchSettings, Unavailable
from earwitness.experiment.design import Depth, Experiment, Fixed, Inference, Plan, Setting
from earwitness.experiment.judgement import judge_experiment
from earwitness.experiment.observation import Trial
from earwitness.experiment.verdict import Verdict
from earwitness.servers import postgres
from earwitness.servers.postgres import Postgres
from earwitness.servers.workspace import workspace

pytestmark = pytest.mark.live

BLOCKS = 3
FETCHED = 200
SMALL: dict[str, Setting] = {"rows": 2000, "fetched": FETCHED, "repetitions": 1}


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    # A socket's path must be short, which the folders of pytest are not.
    with tempfile.TemporaryDirectory(prefix="ew") as root:
        Path(root).chmod(0o711)
        with workspace("select-star", root=Path(root) / "runs") as own:
            yield own


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Postgres]:
    try:
        binaries = postgres.find(18)
    except postgres.MissingComponent as missing:
        pytest.skip(missing.reason)
    with postgres.running(binaries, folder, name="shared") as running:
        yield running


@pytest.fixture
def connection(server: Postgres) -> Iterator[Connection]:
    """A connection, and a database without tables."""
    with server.connect() as opened:
        opened.execute("drop schema public cascade; create schema public")
        yield opened


def settings_of(study: Experiment, folder: Path, *arms: str) -> BenchSettings:
    """Of all arms when none is named."""
    return BenchSettings(
        plan=Plan(design=Fixed(blocks=BLOCKS), settings=SMALL),
        arms=tuple(arm for arm in study.arms if not arms or arm.name in arms),
        seed=7,
        workspace=folder,
        announce=lambda _: None,
    )


def blocks_of(study: Experiment, bench: Bench, *arms: str, blocks: int = BLOCKS) -> list[Trial]:
    trials = []
    for block in range(1, blocks + 1):
        bench.block(block)
        for place, arm in enumerate(settings_of(study, Path(), *arms).arms):
            seen = bench.trial(arm)
            trials.append(
                Trial(
                    experiment=study.id,
                    block=block,
                    position=place,
                    arm=arm.name,
                    observation=seen,
                    seconds=0.0,
                )
            )
    return trials


def exact_verdicts(study: Experiment, trials: list[Trial]) -> dict[str, Verdict]:
    results = judge_experiment(CLAIM, study, Depth.STUDY, trials)
    return {r.id: r.verdict for r in results if r.inference == Inference.EXACT}


def values(trials: list[Trial], arm: str, metric: str) -> list[float]:
    return [trial.observation.values[metric] for trial in trials if trial.arm == arm]


# The way of a row.


def test_the_way_of_a_row_adds_pages_and_bytes_where_its_steps_say(
    connection: Connection, folder: Path
) -> None:
    study = design.path
    trials = blocks_of(study, LookingBench(connection, {}, settings_of(study, folder)))
    assert exact_verdicts(study, trials) == {"binary-bytes": Verdict.SUPPORTED}
    for trial in trials:
        assert trial.observation.values["spent_ms"] > 0
        assert trial.observation.values["pages_from_disk"] == 0
    pages = {name: values(trials, name, "pages") for name in design.WAY}
    assert pages["index-alone"] < pages["table-pages"]
    # walking through a row, and writing what is in it, reads no page more
    assert pages["table-pages"] == pages["deformed"] == pages["put-out"]
    assert pages["everything"] == pages["received"] == pages["decoded"]
    sent = {name: values(trials, name, "bytes_out") for name in design.WAY}
    assert sent["everything"] == sent["received"] == sent["decoded"]
    for narrow, wide in zip(sent["put-out"], sent["everything"], strict=True):
        assert wide - narrow == FETCHED * (4 + 8000 + 4 + 2 + 2 * 4000)


# Storage.


def test_the_four_ways_of_storing_are_what_they_say(connection: Connection, folder: Path) -> None:
    study = design.storage
    trials = blocks_of(study, LookingBench(connection, {}, settings_of(study, folder)))
    assert exact_verdicts(study, trials) == {
        "moved-pages": Verdict.SUPPORTED,
        "sent-unpacked": Verdict.SUPPORTED,
    }
    seen = {
        table: connection.execute(
            "select min(octet_length(story)), max(octet_length(story)), "
            "bool_and(pg_column_compression(story) = 'pglz'), max(pg_column_size(story)), "
            "pg_relation_size((select reltoastrelid from pg_class where oid = %(t)s::regclass)) "
            f"from {table}",
            {"t": table},
        ).fetchone()
        for table in tables.STORAGE
    }
    assert {row[:2] for row in seen.values()} == {(6000, 6000)}
    compressed = {table: bool(row[2]) for table, row in seen.items()}
    out_of_line = {table: row[4] > 0 for table, row in seen.items()}
    assert compressed == {table: table.endswith("_compressed") for table in tables.STORAGE}
    assert out_of_line == {table: table.startswith("moved") for table in tables.STORAGE}
    assert all(row[3] < 2000 for table, row in seen.items() if compressed[table])


def test_out_of_line_pages_are_gone_once_the_text_is_kept_in_the_row(
    connection: Connection, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "STORAGE", tables.STORAGE | {"moved": tables.STORAGE["kept"]})
    study = design.storage
    trials = blocks_of(study, LookingBench(connection, {}, settings_of(study, folder)))
    assert exact_verdicts(study, trials)["moved-pages"] is Verdict.REFUTED


# Cold.


COLD = ("index-alone-cold", "everything-cold")


def cold_trials(server: Postgres, folder: Path, *arms: str) -> list[Trial]:
    settings = settings_of(design.cold, folder, *arms)
    return blocks_of(design.cold, CoolingBench(server, {}, settings), *arms)


@pytest.fixture
def evicting(tmp_path: Path) -> None:
    """Skip where the file system of temporary folders cannot let go of pages."""
    probe = tmp_path / "probe" / "file"
    probe.parent.mkdir()
    probe.write_bytes(b"x" * 100_000)
    if not page_cache.supported():
        pytest.skip("this operating system cannot")
    page_cache.evict(probe.parent)
    if page_cache.resident(probe.parent) > 0:
        pytest.skip("temporary files are in memory here")


@pytest.mark.usefixtures("evicting")
def test_a_cold_star_fetches_many_pages_and_a_warm_one_none(folder: Path) -> None:
    with postgres.running(postgres.find(18), folder, name="cold") as server:
        trials = cold_trials(server, folder, *COLD, "everything-warm")
    assert exact_verdicts(design.cold, trials) == {"cold-pages": Verdict.SUPPORTED}
    for trial in trials:
        seen = trial.observation.values
        if design.cold.arm(trial.arm).settings["cold"]:
            assert seen["cached"] <= 0.01
            assert seen["pages_from_disk"] > 0
        else:
            assert seen["pages_from_disk"] == 0
            assert "cached" not in seen


def test_files_that_were_not_dropped_give_no_verdict(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_cache, "evict", lambda _: None)
    with postgres.running(postgres.find(18), folder, name="not-cold") as server:
        trials = cold_trials(server, folder, *COLD)
    assert min(values(trials, "everything-cold", "cached")) > 0.01
    assert exact_verdicts(design.cold, trials) == {"cold-pages": Verdict.INCONCLUSIVE}


@pytest.mark.usefixtures("evicting")
def test_only_the_files_below_the_folder_are_dropped(tmp_path: Path) -> None:
    for name in ("own", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_bytes(b"x" * 500_000)
    page_cache.evict(tmp_path / "own")
    assert page_cache.resident(tmp_path / "own") == 0
    assert page_cache.resident(tmp_path / "other") == 1


# The forecast.

_TYPES = """
create domain short as varchar(20);
create table mixed as
select n::int as id, n::smallint as small, n * 1000000000::bigint as big, n % 2 = 0 as flag,
    n * 1.37 as exact, case when n % 3 > 0 then n / 7.0::float8 end as float,
    repeat('é', n % 50) as text, n::text::char(12) as padded, n::text::short as domain,
    decode(repeat('ff', n % 90), 'hex') as bytes, null::text as nothing,
    date '2024-01-01' + n as day, timestamptz '2024-01-01 00:00Z' + n * interval '1.5 s' as moment,
    n * interval '1 hour' as span, gen_random_uuid() as uuid, ('10.0.0.' || n % 250)::inet as address,
    array_fill(n, array[n % 4]) as numbers, jsonb_build_object('n', n) as json,
    md5(n::text)::bytea as hashed, n::oid as number, ('n' || n)::name as name
from generate_series(1, 500) n;
alter table mixed drop column number;
analyze mixed;
"""


@pytest.mark.parametrize("binary", [False, True])
def test_a_forecast_from_every_row_is_exact_for_every_type(
    connection: Connection, binary: bool
) -> None:
    connection.execute(_TYPES)
    widths = forecast.measured(connection, "mixed", rows=1000)
    expected = forecast.forecast(widths, rows=500, binary=binary)
    sent = reading.sent_bytes(connection, "select * from mixed", binary=binary)
    assert round(expected) == sent
    assert {width.name: width.present for width in widths}["nothing"] == 0


def test_the_forecast_of_the_study_is_within_two_percent_and_reads_nothing_out_of_line(
    connection: Connection, folder: Path
) -> None:
    study = sending_design.forecast
    trials = blocks_of(study, ForecastingBench(connection, {}, settings_of(study, folder)))
    assert exact_verdicts(study, trials) == {"forecast": Verdict.SUPPORTED}
    for trial in trials:
        seen = trial.observation.values
        if trial.arm != "named":  # of twenty bytes, one digit more is five percent
            assert seen["forecast_error"] <= 2
        assert seen["wire_100_ms"] == pytest.approx(8 * seen["bytes_out"] / 100e6 * 1000)
        assert seen["wire_1000_ms"] == pytest.approx(seen["wire_100_ms"] / 10)
    toasted = "select sum(heap_blks_read + heap_blks_hit), sum(toast_blks_read + toast_blks_hit) "
    toasted += "from pg_statio_user_tables"
    before = _read_pages(connection, toasted)
    forecast.measured(connection, "wide")
    table, out_of_line = (
        b - a for a, b in zip(before, _read_pages(connection, toasted), strict=True)
    )
    assert table > 0
    assert out_of_line == 0


def _read_pages(connection: Connection, query: str) -> tuple[int, int]:
    connection.execute("select pg_stat_force_next_flush()")
    row = connection.execute(query).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])


def test_a_forecast_from_widths_of_the_planner_is_far_off(
    connection: Connection, folder: Path
) -> None:
    """What is switched off here is knowing the length of values that are stored out of line."""
    study = sending_design.forecast
    ForecastingBench(connection, {}, settings_of(study, folder))
    row = connection.execute(
        "select sum(avg_width + 4) + 7 from pg_stats where tablename = 'wide'"
    ).fetchone()
    assert row is not None
    query = tables.query("wide", "star", first=1, count=FETCHED)
    assert reading.sent_bytes(connection, query) > 10 * FETCHED * row[0]


def test_a_forecast_needs_rows(connection: Connection) -> None:
    connection.execute("create table empty (a int)")
    with pytest.raises(ValueError, match="no row of empty"):
        forecast.measured(connection, "empty")
    with pytest.raises(KeyError):
        forecast.measured(connection, "empty", ["b"])


# The wire.


def test_what_tcp_delivers_over_the_wire_is_the_rows_and_little_else(folder: Path) -> None:
    study = sending_design.wire
    with ExitStack() as stack:
        try:
            bench = stack.enter_context(open_bench(study, settings_of(study, folder)))
        except Unavailable as missing:
            pytest.skip(missing.reason)
        assert "veth" in bench.environment["client"]
        trials = blocks_of(study, bench)
    assert exact_verdicts(study, trials) == {"wire-forecast": Verdict.SUPPORTED}
    for trial in trials:
        seen = trial.observation.values
        around = seen["carried_bytes"] - seen["bytes_out"]
        assert 0 < around < 1500  # the names of the columns, and two short messages
        assert ("over_computed" in seen) == (not trial.arm.endswith("unlimited"))


def test_without_a_wire_the_experiment_is_unavailable_and_says_what_helps(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EARWITNESS_TC", "/nowhere/tc")
    study = sending_design.wire
    with pytest.raises(Unavailable, match="iproute2") as missing:
        open_bench(study, settings_of(study, folder)).__enter__()
    assert missing.value.install == "apt-get install iproute2"


# Clients.

_INSTALLED = [
    name
    for name, client in CLIENTS.items()
    if all(importlib.util.find_spec(module.split(".", maxsplit=1)[0]) for module in client.modules)
]


@pytest.mark.parametrize("name", _INSTALLED)
def test_every_client_gets_every_row_and_column(name: str, server: Postgres) -> None:
    with server.connect() as owner:
        owner.execute("drop schema public cascade; create schema public")
        tables.load(owner, "wide", 300)
    query = tables.query("wide", "star", first=11, count=200)
    with CLIENTS[name].opened(server) as fetch:
        for _ in range(2):
            assert shape(fetch(query)) == (200, 30)


def shape(rows: object) -> tuple[int, int]:
    for height, width in (("num_rows", "num_columns"), ("ntuples", "nfields")):
        if hasattr(rows, height):
            return getattr(rows, height), getattr(rows, width)
    assert isinstance(rows, list)
    return len(rows), len(rows[0])


@pytest.mark.parametrize("id", ["decoding", "decoding-asyncpg", "decoding-arrow"])
def test_the_clients_of_an_experiment_are_told_with_their_versions(id: str, folder: Path) -> None:
    study = CLAIM.experiment(id)
    named = {str(arm.settings["client"]) for arm in study.arms}
    if not named <= set(_INSTALLED):
        pytest.skip("a client is not installed")
    with ExitStack() as stack:
        bench = stack.enter_context(open_bench(study, settings_of(study, folder)))
        trials = blocks_of(study, bench, blocks=1)
        assert all(any(c.isdigit() for c in bench.environment[name]) for name in named)
    assert all(trial.observation.values["fetch_ms"] > 0 for trial in trials)
    assert all(trial.observation.values["client_ms"] > 0 for trial in trials)
