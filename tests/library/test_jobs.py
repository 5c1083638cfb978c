import os
import subprocess
import sys
import textwrap

import pytest

from earwitness.library import jobs
from earwitness.library.jobs import JobKind, JobTaken
from earwitness.store.connection import open_store

HOLDER = textwrap.dedent(
    """
    import pathlib, sys
    from earwitness.library import jobs
    from earwitness.store.connection import open_store
    with open_store(pathlib.Path(sys.argv[1])) as store:
        with jobs.working(store, jobs.JobKind.DOWNLOAD, "talk/one"):
            print("at it", flush=True)
            sys.stdin.read()
    """
)


@pytest.fixture
def store(tmp_path):
    with open_store(tmp_path) as opened:
        yield opened


@pytest.fixture
def holder(store, tmp_path):
    """Another process that downloads talk/one until it is killed."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], **pipes) as process:
        assert process.stdout.readline() == "at it\n"
        yield process
        process.kill()


def test_a_job_is_running_and_then_finished(store):
    with jobs.working(store, JobKind.DOWNLOAD, "talk/one"):
        (record,) = jobs.every(store)
        assert (record.status, record.done, record.owner_pid) == ("running", 0.0, os.getpid())
    (record,) = jobs.every(store)
    assert (record.status, record.done) == ("finished", 1.0)


@pytest.mark.parametrize(
    ("problem", "status"), [(ValueError("no luck"), "failed"), (KeyboardInterrupt(), "interrupted")]
)
def test_how_a_job_ends_is_kept_and_it_can_begin_again(store, problem, status):
    with pytest.raises(type(problem)), jobs.working(store, JobKind.RECOGNISE, "talk/one"):
        raise problem
    (record,) = jobs.every(store)
    assert record.status == status
    assert (record.message or "") == str(problem)
    with jobs.working(store, JobKind.RECOGNISE, "talk/one"):
        pass
    assert [record.status for record in jobs.every(store)] == ["finished"]


def test_what_another_process_does_is_not_done_twice(store, holder):
    with (
        pytest.raises(JobTaken, match=f"process {holder.pid} is at it"),
        jobs.working(store, JobKind.DOWNLOAD, "talk/one"),
    ):
        pytest.fail("it was taken")
    with jobs.working(store, JobKind.DOWNLOAD, "talk/two"):
        pass


def test_a_job_whose_owner_was_killed_is_interrupted_and_free(store, holder):
    holder.kill()
    holder.wait()
    assert [record.status for record in jobs.every(store)] == ["interrupted"]
    with jobs.working(store, JobKind.DOWNLOAD, "talk/one"):
        pass
    assert [record.status for record in jobs.every(store)] == ["finished"]


def test_what_is_done_once_is_not_done_again(store):
    for _ in range(2):
        with jobs.working(store, JobKind.DOWNLOAD, "talk/one"):
            pass
    with (
        pytest.raises(JobTaken, match="done already"),
        jobs.working(store, JobKind.DOWNLOAD, "talk/one", once=True),
    ):
        pytest.fail("it was done")
