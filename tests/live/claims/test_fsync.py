"""The claim on real databases: what cuts cost, and what they cost when the cause is taken away.

SQLite needs nothing; PostgreSQL needs a disk that only root can have, and is skipped elsewhere.
"""

import ctypes
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw
import msgspec
import numpy as np
import pytest
from msgspec.structs import replace

from earwitness.claims.fsync import ledger, recording
from earwitness.claims.fsync.claim import CLAIM
from earwitness.claims.fsync.configuration import Mode
from earwitness.claims.fsync.experiment import ON_A_DISK, open_bench
from earwitness.claims.fsync.history import (
    Acknowledged,
    Create,
    Flush,
    FlushFolder,
    Remove,
    Truncate,
    Write,
)
from earwitness.claims.fsync.recovery import examine
from earwitness.experiment.bench import BenchSettings, Unavailable
from earwitness.experiment.design import Arm, Claim, Depth, Fixed, Plan, Setting
from earwitness.experiment.events import Event, ServerReady, TrialFinished
from earwitness.experiment.observation import Observation
from earwitness.experiment.verdict import ClaimResult, Verdict
from tests.live.claims.conducting import conduct

JOURNALS = ("delete", "truncate", "persist", "wal")
SYNCHRONOUS = ("off", "normal", "full", "extra")
SMALL: dict[str, Setting] = {"commits": 40, "checkpoint_pages": 30, "cuts": 60}
SMALL_ON_DISK: dict[str, Setting] = {
    "clients": 4,
    "commits": 40,
    "checkpoint_commits": 15,
    "cuts": 2,
}


def only(claim: Claim, *experiments: str) -> Claim:
    """The claim without plans for all but these experiments."""
    return replace(
        claim,
        experiments=tuple(
            e if e.id in experiments else replace(e, plans={}) for e in claim.experiments
        ),
    )


def with_arms(claim: Claim, experiment: str, **changed: Mapping[str, Setting]) -> Claim:
    """The claim, small, with settings of some arms of one experiment changed, and only that one."""
    on_a_disk = experiment in ON_A_DISK
    small = SMALL_ON_DISK if on_a_disk else SMALL
    run = ("postgres-lying", "postgres-honest") if on_a_disk else ()
    chosen = claim.experiment(experiment)
    arms = tuple(
        replace(arm, settings={**arm.settings, **changed.get(arm.name.replace("-", "_"), {})})
        for arm in chosen.arms
    )
    plans = {Depth.PROOF: Plan(design=Fixed(blocks=3), arms=run, settings=small)}
    return replace(
        claim,
        experiments=tuple(
            replace(e, arms=arms, plans=plans) if e.id == experiment else replace(e, plans={})
            for e in claim.experiments
        ),
    )


def verdicts(result: ClaimResult) -> dict[str, Verdict]:
    return {found.id: found.verdict for found in result.hypotheses}


def observations(events: list[Event]) -> list[tuple[int, str, Observation]]:
    return [
        (e.trial.block, e.trial.arm, e.trial.observation)
        for e in events
        if isinstance(e, TrialFinished)
    ]


@pytest.fixture(scope="module")
def proof(tmp_path_factory: pytest.TempPathFactory) -> tuple[ClaimResult, list[Event]]:
    sqlite = only(CLAIM, "power-cut", "modes")
    return conduct(sqlite, tmp_path_factory.mktemp("proof"))


def test_the_proof_bears_out_every_hypothesis(proof: tuple[ClaimResult, list[Event]]) -> None:
    result, _ = proof
    assert verdicts(result) == {
        h.id: Verdict.SUPPORTED for h in CLAIM.hypotheses if h.experiment in ("power-cut", "modes")
    }


def test_no_cut_makes_up_a_commit_on_any_drive(proof: tuple[ClaimResult, list[Event]]) -> None:
    for _, arm, seen in observations(proof[1]):
        assert seen.values["phantoms"] == 0, arm


def test_what_is_lost_with_a_whole_drive_is_lost_at_the_end(
    proof: tuple[ClaimResult, list[Event]],
) -> None:
    for _, arm, seen in observations(proof[1]):
        if arm in ("honest", "protected", "delete-full", "wal-normal"):
            assert seen.values["gap_cuts"] == seen.values["damaged_cuts"] == 0, arm


def test_a_deleted_journal_takes_one_commit_with_it_and_no_more(
    proof: tuple[ClaimResult, list[Event]],
) -> None:
    worst = {
        seen.values["most_lost"] for _, arm, seen in observations(proof[1]) if arm == "delete-full"
    }
    assert worst == {1}


def test_nothing_is_lost_by_killing_a_database_that_never_flushed(
    proof: tuple[ClaimResult, list[Event]],
) -> None:
    for _, arm, seen in observations(proof[1]):
        if arm == "off-killed":
            assert seen.values["flushes"] == 0
            assert seen.values["harmed_cuts"] == 0


def test_sqlite_is_announced_with_its_version(proof: tuple[ClaimResult, list[Event]]) -> None:
    announced = {e.server for e in proof[1] if isinstance(e, ServerReady)}
    assert announced == {f"SQLite {apsw.sqlite_lib_version()}"}


@pytest.mark.parametrize(
    "honest", [{"honours_flush": True}, {"cache_writes": 0}], ids=["flushes", "holds-nothing"]
)
def test_without_the_lie_the_headline_is_refuted(
    honest: Mapping[str, Setting], tmp_path: Path
) -> None:
    result, _ = conduct(with_arms(CLAIM, "power-cut", lying=honest), tmp_path)
    assert verdicts(result)["lying"] is Verdict.REFUTED
    assert verdicts(result)["lying-damages"] is Verdict.REFUTED


def test_a_control_that_loses_commits_leaves_the_headline_open(tmp_path: Path) -> None:
    broken = with_arms(CLAIM, "power-cut", honest={"cache_writes": 64, "synchronous": "off"})
    result, _ = conduct(broken, tmp_path)
    assert verdicts(result)["honest"] is Verdict.INCONCLUSIVE  # nobody asked for a flush
    assert verdicts(result)["lying"] is Verdict.INCONCLUSIVE


def test_without_protection_the_remedy_is_refuted(tmp_path: Path) -> None:
    result, _ = conduct(with_arms(CLAIM, "power-cut", protected={"protected": False}), tmp_path)
    assert verdicts(result)["protected"] is Verdict.REFUTED


def test_cutting_the_power_as_well_refutes_that_a_kernel_crash_is_harmless(
    tmp_path: Path,
) -> None:
    result, _ = conduct(with_arms(CLAIM, "power-cut", lying_reset={"stop": "power"}), tmp_path)
    assert verdicts(result)["reset"] is Verdict.REFUTED


def test_flushing_the_folder_makes_the_difference_between_full_and_extra(tmp_path: Path) -> None:
    exchanged = with_arms(
        CLAIM,
        "modes",
        delete_full={"synchronous": "extra"},
        delete_extra={"synchronous": "full"},
    )
    found = verdicts(conduct(exchanged, tmp_path)[0])
    assert found["delete-full"] is found["delete-extra"] is Verdict.REFUTED


def test_a_seed_repeats_a_run_and_another_seed_does_not(tmp_path: Path) -> None:
    claim = with_arms(CLAIM, "power-cut")
    folders = [tmp_path / name for name in ("one", "two", "three")]
    for folder in folders:
        folder.mkdir()
    first, again, other = (
        observations(conduct(claim, folder, seed=seed)[1])
        for folder, seed in zip(folders, (1, 1, 2), strict=True)
    )
    assert first == again
    assert first != other


def settings_of(arms: tuple[Arm, ...], folder: Path) -> BenchSettings:
    plan = Plan(design=Fixed(blocks=3), settings=SMALL)
    return BenchSettings(plan=plan, arms=arms, seed=3, workspace=folder, announce=lambda _: None)


def test_honest_and_lying_drives_are_cut_at_the_same_instants(tmp_path: Path) -> None:
    experiment = CLAIM.experiment("power-cut")
    arms = tuple(experiment.arm(name) for name in ("honest", "lying", "protected"))
    with open_bench(experiment, settings_of(arms, tmp_path)) as bench:
        bench.block(1)
        seen = [bench.trial(arm).values for arm in arms]
    for metric in ("cuts", "acknowledged", "flushes"):
        assert len({values[metric] for values in seen}) == 1, metric


# PostgreSQL, on a disk


@pytest.fixture
def granted(workspace: Path) -> Path:
    """A workspace on a machine where the disk can be had; skipped with the reason elsewhere."""
    bench = CLAIM.experiment("postgres")
    plan = Plan(design=Fixed(blocks=3), settings=SMALL_ON_DISK)
    settings = BenchSettings(
        plan=plan, arms=(), seed=1, workspace=workspace / "trial", announce=lambda _: None
    )
    settings.workspace.mkdir(mode=0o711)
    try:
        with open_bench(bench, settings):
            pass
    except Unavailable as missing:
        pytest.skip(missing.reason)
    return workspace


def test_postgresql_loses_commits_on_a_lying_disk_and_none_on_an_honest_one(granted: Path) -> None:
    result, events = conduct(only(CLAIM, "postgres"), granted)
    assert verdicts(result) == dict.fromkeys(
        (
            *("postgres-lying", "postgres-honest", "postgres-flushes"),
            *("postgres-fsync-off", "postgres-fsync-off-whole"),
        ),
        Verdict.SUPPORTED,
    )
    for _, arm, seen in observations(events):
        assert seen.values["phantoms"] == 0, arm
        assert seen.values["cuts"] == 5
        assert seen.values["acknowledged"] >= 5, "every cut comes after an acknowledgement"
    (announced,) = [e.server for e in events if isinstance(e, ServerReady)]
    assert announced.startswith("PostgreSQL 18.")
    assert losetup_knows_nothing_of(granted)


def losetup_knows_nothing_of(folder: Path) -> bool:
    files = (Path("/sys/block")).glob("loop*/loop/backing_file")
    return all(str(folder) not in file.read_text() for file in files)


def test_without_the_lie_postgresql_loses_nothing(granted: Path) -> None:
    told = with_arms(CLAIM, "postgres", postgres_lying={"honours_flush": True})
    result, _ = conduct(told, granted)
    assert verdicts(result)["postgres-lying"] is Verdict.REFUTED
    assert verdicts(result)["postgres-honest"] is Verdict.SUPPORTED


def test_with_a_lie_in_the_control_nothing_is_said_of_the_lying_disk(granted: Path) -> None:
    told = with_arms(CLAIM, "postgres", postgres_honest={"honours_flush": False})
    result, _ = conduct(told, granted)
    assert verdicts(result)["postgres-honest"] is Verdict.REFUTED
    assert verdicts(result)["postgres-lying"] is Verdict.INCONCLUSIVE


def test_flushes_that_never_come_give_no_verdict(granted: Path) -> None:
    told = with_arms(
        CLAIM, "postgres", postgres_lying={"fsync": False}, postgres_honest={"fsync": False}
    )
    result, _ = conduct(told, granted)
    for id in ("postgres-lying", "postgres-honest"):
        assert verdicts(result)[id] is Verdict.INCONCLUSIVE


def trials(experiment: str, arms: tuple[str, ...], folder: Path, **small: Setting) -> list[Any]:
    """One trial of each arm, on one small block of that experiment."""
    chosen = CLAIM.experiment(experiment)
    plan = chosen.plan_at(Depth.FULL)
    assert plan is not None
    settings = BenchSettings(
        plan=replace(plan, settings={**plan.settings, **small}),
        arms=tuple(chosen.arm(name) for name in arms),
        seed=1,
        workspace=folder,
        announce=lambda _: None,
    )
    with open_bench(chosen, settings) as bench:
        bench.block(1)
        seen = [bench.trial(arm) for arm in settings.arms]
        return [msgspec.convert(msgspec.to_builtins(one), Observation).values for one in seen]


def test_fsync_writes_the_journal_too_and_fdatasync_does_not(granted: Path) -> None:
    arms = ("fsync-10ms", "fdatasync-10ms", "direct-10ms")
    both, one, direct = trials("postgres-methods", arms, granted, commits=25)
    for seen in (both, one, direct):
        assert seen["flush_disagreement"] == 0
    assert 1 <= one["flushes"] < 1.2
    assert 1 <= direct["flushes"] < 1.2, "direct I/O flushes all the same"
    assert both["flushes"] >= 1.5 * one["flushes"]


def test_what_holds_on_an_honest_disk_holds_at_the_worst_moments_and_with_small_atoms(
    granted: Path,
) -> None:
    arms = ("postgres-honest-worst", "postgres-sectors", "postgres-direct", "postgres-protected")
    small: dict[str, Setting] = {"commits": 60, "checkpoint_commits": 20, "cuts": 3}
    for arm, seen in zip(arms, trials("postgres", arms, granted, **small), strict=True):
        assert seen["cuts"] == 3, arm
        assert seen["harmed_cuts"] == seen["unsound"] == seen["flush_disagreement"] == 0, arm


def test_pages_are_torn_only_where_the_log_does_not_hold_them_whole(granted: Path) -> None:
    arms = ("postgres-honest-worst", "postgres-torn-worst")
    small: dict[str, Setting] = {"commits": 150, "checkpoint_commits": 50, "cuts": 8}
    whole, torn = trials("postgres", arms, granted, **small)
    assert whole["harmed_cuts"] == 0
    assert torn["damaged_cuts"] >= 1


def test_asynchronous_commits_are_lost_and_nothing_is_damaged(granted: Path) -> None:
    small: dict[str, Setting] = {"commits": 150, "checkpoint_commits": 50, "cuts": 6}
    (seen,) = trials("postgres", ("postgres-async",), granted, **small)
    assert seen["lossy_cuts"] >= 1
    assert seen["damaged_cuts"] == 0
    assert seen["flushes"] < 0.25


def test_without_fsync_nothing_reaches_the_disk_until_the_kernel_writes_back(
    granted: Path,
) -> None:
    arms = ("postgres-fsync-off", "postgres-fsync-off-written")
    small: dict[str, Setting] = {"commits": 150, "checkpoint_commits": 50, "cuts": 3}
    kept, written = trials("postgres", arms, granted, **small)
    for seen in (kept, written):
        assert seen["lossy_cuts"] == 3
        assert seen["lost"] == seen["acknowledged"]
    assert kept["damaged_cuts"] == 0


def test_a_longer_window_costs_more_commits(granted: Path) -> None:
    arms = ("window-5ms", "window-500ms")
    small: dict[str, Setting] = {"commits": 150, "checkpoint_commits": 50, "cuts": 4}
    short, long = trials("postgres-destage", arms, granted, **small)
    assert short["acknowledged"] == long["acknowledged"]
    assert short["lost"] <= long["lost"]
    assert long["lossy_cuts"] >= 1


def test_trying_fsync_again_after_an_error_loses_data_and_stopping_does_not(
    granted: Path,
) -> None:
    arms = ("stops", "retries")
    stops, retries = trials("postgres-failed-write", arms, granted, commits=60)
    for seen in (stops, retries):
        assert (seen["refused"], seen["then_fine"]) == (1, 1)
    assert (stops["stopped"], retries["stopped"]) == (1, 0)
    assert stops["harmed_cuts"] == 0
    assert retries["damaged_cuts"] == 1


def test_a_synchronous_replica_has_what_the_lying_disk_lost(granted: Path) -> None:
    alone, replicated = trials("postgres-replica", ("alone", "replicated"), granted, commits=120)
    assert alone["acknowledged"] == replicated["acknowledged"] >= 60
    assert alone["lossy_cuts"] == 1
    assert replicated["harmed_cuts"] == 0
    assert losetup_knows_nothing_of(granted)


def test_every_setting_of_the_price_is_timed_and_counted(granted: Path) -> None:
    arms = ("safe-8ms", "async-8ms", "unsynced-8ms")
    safe, asynchronous, unsynced = trials(
        "postgres-price", arms, granted, commits=30, checkpoint_commits=100
    )
    assert safe["flushes"] >= 0.25
    assert asynchronous["flushes"] < safe["flushes"]
    assert unsynced["flushes"] == 0
    assert all(seen["pace"] > 0 for seen in (safe, asynchronous, unsynced))


# The folder in memory stands in for SQLite's own file system: it has to be asked for the same.


def asked_in_memory(mode: Mode) -> list[str]:
    generator = np.random.default_rng(5)
    told = recording.record(mode, commits=25, checkpoint_pages=20, generator=generator)
    lines = []
    for event in told.events:
        match event:
            case Write(offset=offset, data=data):
                lines.append(f"write {len(data)} at {offset}")
            case Truncate(size=size):
                lines.append(f"truncate to {size}")
            case Flush():
                lines.append("flush")
            case FlushFolder():
                lines.append("flush folder")
            case Remove(name):
                lines.append(f"remove {name}")
            case Create() | Acknowledged():
                pass  # SQLite's own file system does not say whether the file was there
    return lines


class RealFile(apsw.VFSFile):
    """A file on the machine's disk; notes what is asked of it."""

    def __init__(self, name: Any, flags: list[int], lines: list[str]) -> None:
        super().__init__("", name, flags)
        self._lines = lines

    def xWrite(self, data: Any, offset: int) -> None:
        self._lines.append(f"write {len(data)} at {offset}")
        super().xWrite(data, offset)

    def xTruncate(self, newsize: int) -> None:
        self._lines.append(f"truncate to {newsize}")
        super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:
        self._lines.append("flush")
        super().xSync(flags)


class RealFileSystem(apsw.VFS):
    """SQLite's own file system; notes what is asked of it."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("noting", base="")
        self._lines = lines

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:
        return RealFile(name, flags, self._lines)

    def xDelete(self, filename: str, syncdir: bool) -> None:
        super().xDelete(filename, syncdir)
        self._lines.append(f"remove {Path(filename).name}")
        # it opens the folder within: put the deletion before the flush
        if self._lines[-2:-1] == ["flush folder"]:
            self._lines[-2:] = reversed(self._lines[-2:])


OpenFolder = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_char_p, ctypes.POINTER(ctypes.c_int))


@contextmanager
def folder_flushes_noted(file_system: RealFileSystem, lines: list[str]) -> Iterator[None]:
    """SQLite opens a folder for nothing but to flush it (os_unix.c, openDirectory)."""
    pointer = file_system.xGetSystemCall("openDirectory")
    assert pointer is not None
    original = OpenFolder(pointer)

    def noting(name: bytes, descriptor: Any) -> int:
        lines.append("flush folder")
        return int(original(name, descriptor))

    callback = OpenFolder(noting)
    address = ctypes.cast(callback, ctypes.c_void_p).value
    assert address is not None
    file_system.xSetSystemCall("openDirectory", address)
    try:
        yield
    finally:
        file_system.xSetSystemCall("openDirectory", pointer)


def asked_on_disk(mode: Mode, folder: Path) -> list[str]:
    lines: list[str] = []
    file_system = RealFileSystem(lines)
    with folder_flushes_noted(file_system, lines):
        connection = apsw.Connection(str(folder / ledger.NAME), vfs="noting")
        try:
            recording.prepare(connection, mode, checkpoint_pages=20)
            del lines[:]
            for _ in ledger.commits(connection, 25, np.random.default_rng(5)):
                pass
            return list(lines)
        finally:
            connection.close(True)
            file_system.unregister()


@pytest.mark.parametrize("synchronous", SYNCHRONOUS)
@pytest.mark.parametrize("journal", JOURNALS)
def test_the_recorded_folder_is_asked_for_what_the_file_system_of_unix_is(
    journal: str, synchronous: str, tmp_path: Path
) -> None:
    mode = Mode(journal, synchronous)
    real = asked_on_disk(mode, tmp_path)
    assert real
    assert asked_in_memory(mode) == real


def test_half_a_commit_is_damage_that_sqlite_does_not_see(tmp_path: Path) -> None:
    connection = apsw.Connection(str(tmp_path / "made"))
    ledger.create(connection)
    for _ in ledger.commits(connection, 3, np.random.default_rng(1)):
        pass
    connection.execute(
        "update account set balance = balance + 1, changes = changes + 1 where id = 1"
    )
    connection.close()
    work = tmp_path / "work"
    work.mkdir()
    found = examine({ledger.NAME: (tmp_path / "made").read_bytes()}, work)
    assert found.numbers == {1, 2, 3}
    assert found.problem is not None
    assert "half a commit" in found.problem


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({}, "gone"),
        ({ledger.NAME: b""}, "no such table"),
        ({ledger.NAME: b"x" * 8192}, "not a database"),
    ],
)
def test_a_database_that_cannot_be_read_is_damage_and_has_no_commits(
    files: Mapping[str, bytes], problem: str, tmp_path: Path
) -> None:
    found = examine(files, tmp_path)
    assert found.numbers == frozenset()
    assert found.problem is not None
    assert problem in found.problem


def test_what_one_cut_left_is_not_there_at_the_next(tmp_path: Path) -> None:
    examine({ledger.NAME: b"", f"{ledger.NAME}-wal": b"x"}, tmp_path)
    examine({}, tmp_path)
    assert list(tmp_path.iterdir()) == []
