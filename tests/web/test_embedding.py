"""Vectors are made while the site is served, by a process that ends with it."""

import asyncio
import subprocess
import sys
import time

import pytest

from earwitness.library import bundled
from earwitness.library.search import index
from earwitness.library.search.embedding import background
from earwitness.store.connection import open_store
from earwitness.web.app import build
from earwitness.web.jobs import embedding
from earwitness.web.jobs.embedding import Embedding
from earwitness.web.site import Serving

WAITING = "import sys; sys.stdin.read()"


@pytest.fixture
def started(monkeypatch):
    """The processes that were started in place of the real one, which end with their input."""
    processes = []

    def start(_folder, *, with_us):
        assert with_us
        command = [sys.executable, "-c", WAITING if len(processes) == 0 else "raise SystemExit(2)"]
        processes.append(subprocess.Popen(command, stdin=subprocess.PIPE))
        return processes[-1]

    monkeypatch.setattr(background, "start", start)
    monkeypatch.setattr(background, "wanted", lambda: True)
    monkeypatch.setattr(embedding, "_EVERY_SECONDS", 0.02)
    return processes


def until(true):
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_one_process_at_a_time_and_none_again_after_one_that_cannot(started, tmp_path):
    with open_store(tmp_path) as store:
        bundled.shelve(store)
        assert index.is_stale(store)
        watching = Embedding(store)
        watching.begin()
        until(lambda: started)
        time.sleep(0.1)
        assert len(started) == 1
        started[0].stdin.close()  # it has done its work
        until(lambda: len(started) == 2 and started[1].poll() == 2)
        time.sleep(0.1)
        assert len(started) == 2
        watching.close()


def test_it_ends_with_the_site(started, tmp_path):
    async def served():
        app = build(Serving(folder=tmp_path))
        async with app.router.lifespan_context(app):
            until(lambda: started)
            assert started[0].poll() is None

    asyncio.run(served())
    assert started[0].poll() is not None


def test_nothing_is_started_where_it_is_not_wanted(started, tmp_path, monkeypatch):
    monkeypatch.setattr(background, "wanted", lambda: False)
    with open_store(tmp_path) as store:
        watching = Embedding(store)
        watching.begin()
        watching.close()
    assert started == []
