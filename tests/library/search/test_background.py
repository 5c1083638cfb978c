"""The process that makes vectors: it gives way, and ends when it is told to or left alone."""

import os
import signal
import sys
import time

import pytest

from earwitness.experiment.turn import turn
from earwitness.library import jobs
from earwitness.library.search.embedding import background, model, vectors
from earwitness.store.connection import open_store

needs_model = pytest.mark.skipif(
    not model.is_installed(), reason=f"the embedding model is not installed: {model.INSTALL}"
)


def until(true, seconds=60):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.parametrize(("said", "wanted"), [("off", False), (" OFF ", False), ("", True)])
def test_it_can_be_turned_off(monkeypatch, said, wanted):
    monkeypatch.setattr(model, "is_installed", lambda: True)
    assert background.wanted({background.SETTING: said}) is wanted
    monkeypatch.setattr(model, "is_installed", lambda: False)
    assert not background.wanted({background.SETTING: said})


def test_it_goes_on_only_while_no_experiment_runs_and_until_it_is_stopped(tmp_path, monkeypatch):
    lock, slept = tmp_path / "turn", []
    stopped = False
    go_on = background.between_experiments(lambda: stopped, lock)
    assert go_on()
    experiment = turn("a run", pytest.fail, file=lock)
    experiment.__enter__()

    def sleep(seconds):
        slept.append(seconds)
        if len(slept) == 3:
            experiment.__exit__(None, None, None)

    monkeypatch.setattr(background.time, "sleep", sleep)
    assert go_on()
    assert len(slept) == 3
    stopped = True
    with turn("another", pytest.fail, file=lock):
        assert not go_on()


@pytest.fixture
def undisturbed(tmp_path, monkeypatch):
    """Processes that are started see no experiment, whatever else runs on this machine."""
    program = tmp_path / "python"
    program.write_text(
        f"#!{sys.executable}\n"
        "import sys\n"
        "del sys.argv[1:3]\n"
        "from earwitness.experiment import turn\n"
        "turn.taken = lambda file=None: False\n"
        "from earwitness.cli.main import main\n"
        "main()\n"
    )
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))


@needs_model
@pytest.mark.usefixtures("undisturbed")
def test_it_is_killed_and_left_alone_and_goes_on_in_the_end(library):
    folder = library.file.parent
    _, whole = vectors.counts(library)

    def kept():
        with library.reading() as connection:
            return connection.exec_driver_sql("select count(*) from vectors").scalar_one()

    first = background.start(folder, with_us=True)
    until(lambda: kept() > 0 or first.poll() is not None)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    before = kept()
    second = background.start(folder, with_us=True)
    second.stdin.close()  # as when whoever started it has died
    assert second.wait(60) in (0, 130)
    assert kept() >= before
    third = background.start(folder, with_us=False)
    assert third.wait(120) == 0
    with open_store(folder) as store:
        made, all_ = vectors.counts(store)
        assert made == all_ >= whole
        assert [(job.kind, job.status) for job in jobs.every(store)] == [("embed", "finished")]
