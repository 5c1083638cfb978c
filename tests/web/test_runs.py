"""Runs that are started from a page: watched, stopped, not doubled, and never left running."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from starlette.testclient import TestClient

from earwitness.store import runs
from earwitness.store.connection import open_store
from earwitness.web.app import build
from earwitness.web.jobs import running
from earwitness.web.site import Serving
from tests.web.conftest import ADDRESS, token

LONG_SECONDS = 240
"""The machine has one experiment at a time, and others may be before us."""


@pytest.fixture
def installed(third_party: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The claims of the test packages, here and in workers."""
    monkeypatch.syspath_prepend(str(third_party))
    monkeypatch.setenv("PYTHONPATH", str(third_party))


@pytest.fixture
def runner(installed: None, data: Path) -> Iterator[TestClient]:
    with TestClient(build(Serving(folder=data)), base_url=ADDRESS) as client:
        yield client


def until(wanted: Callable[[], bool]) -> None:
    last = time.monotonic() + LONG_SECONDS
    while not wanted():
        assert time.monotonic() < last
        time.sleep(0.1)


def status(client: TestClient, run: str) -> str:
    return next(one["status"] for one in client.get("/api/runs").json() if one["id"] == run)


def start(client: TestClient, claim: str, **order: object) -> str:
    answer = client.post(f"/api/claims/{claim}/runs", json=order)
    assert answer.status_code == 202, answer.text
    return answer.json()["id"]


def test_a_run_is_predicted_watched_to_its_verdict_and_scored(runner: TestClient) -> None:
    page = "/claims/sorted-input"
    fields = {
        "token": token(runner, page),
        "effect-comparisons": "8x",
        "verdict": "supported",
        "sureness": "90",
    }
    live = runner.post(f"{page}/runs", data=fields)
    assert live.status_code == 200
    run = live.url.path.rpartition("/")[2]
    text = runner.get(f"/runs/{run}/stream").text  # ends when the run does
    assert "event: done" in text
    until(lambda: status(runner, run) == "finished")
    page = runner.get(f"/runs/{run}").text
    assert "Supported: " in page
    assert "8x" in page
    assert "Brier score 0.01" in page
    assert "supported" in runner.get("/claims").text
    assert runner.get("/api/predictions").json()["calibration"]["scored"] == 2
    table = runner.get("/predictions").text.partition("<tbody")[2]
    assert (
        'href="/claims/sorted-input">Sorting is cheaper when the input is sorted already' in table
    )
    assert "Shuffled input needs at least five times the comparisons" in table
    said = "The sort in Python notices runs that are in order"
    assert runner.get("/claims/sorted-input").text.count(said) == 1
    for ending in ("json", "md", "html"):
        assert runner.get(f"/runs/{run}/download.{ending}").status_code == 200
    assert runner.get(f"/runs/{run}/download.exe").status_code == 404
    both = runner.get(f"/runs/compare?one={run}&other={run}")
    assert "same machine, same versions" in both.text


def test_events_can_be_followed_from_any_number_on(runner: TestClient) -> None:
    run = start(runner, "sorted-input", seed=7)
    whole = runner.get(f"/api/runs/{run}/events").text
    numbers = [int(line[4:]) for line in whole.splitlines() if line.startswith("id: ")]
    assert numbers[:-1] == list(range(1, len(numbers)))  # the last is that of the end
    rest = runner.get(f"/api/runs/{run}/events", headers={"Last-Event-ID": str(numbers[-3])}).text
    assert rest.count("event: event") == len(numbers) - 1 - numbers[-3]
    assert "event: done" in rest
    nonsense = runner.get(f"/api/runs/{run}/events", headers={"Last-Event-ID": "x"}).text
    assert nonsense.count("id: ") == whole.count("id: ")


def test_two_tabs_share_one_run_and_either_stops_it(runner: TestClient) -> None:
    one, other = start(runner, "trouble-slow"), start(runner, "trouble-slow")
    assert one == other
    until(lambda: len(runner.get(f"/runs/{one}").text) > 0 and status(runner, one) == "running")
    assert "Stop it" in runner.get(f"/runs/{one}").text
    for _ in range(2):
        answer = runner.post(f"/runs/{one}/stop", data={"token": token(runner, f"/runs/{one}")})
        assert answer.status_code in (200, 403)  # the second page has nothing to stop any more
    until(lambda: status(runner, one) == "interrupted")
    assert "stopped when it was asked to" in runner.get(f"/runs/{one}").text.lower()
    assert runner.post(f"/api/runs/{one}/stop").json() == {"id": one, "stopping": False}


def test_only_so_many_runs_are_under_way(
    runner: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "MOST_AT_ONCE", 1)
    first = start(runner, "trouble-slow")
    refused = runner.post("/api/claims/sorted-input/runs", json={})
    assert refused.status_code == 429
    assert "wait for one" in refused.json()["error"]
    assert int(refused.headers["retry-after"]) > 0
    runner.post(f"/api/runs/{first}/stop")


@pytest.mark.parametrize("claim", ["trouble-crash", "trouble-death"])
def test_a_run_that_goes_wrong_says_so(runner: TestClient, claim: str) -> None:
    run = start(runner, claim)
    until(lambda: status(runner, run) != "running")
    assert status(runner, run) == "failed"
    assert "failed" in runner.get(f"/runs/{run}").text.lower()


def test_the_end_of_the_site_stops_its_runs(installed: None, data: Path) -> None:
    with TestClient(build(Serving(folder=data)), base_url=ADDRESS) as client:
        run = start(client, "trouble-slow")
    with open_store(data) as store:
        assert runs.find(store, run).status == "interrupted"
    assert not [thread for thread in threading.enumerate() if thread.name == run]


def test_a_run_of_a_dead_site_is_shown_as_interrupted(runner: TestClient, data: Path) -> None:
    with open_store(data) as store:
        record = runs.begin(store, claim="sorted-input", depth="proof", seed=1, version="0")
        with store.writing() as connection:
            connection.exec_driver_sql("update runs set owner_pid = 999999999")
    page = runner.get(f"/runs/{record.id}").text
    assert "interrupted" in page
    assert "the process that ran it ended before it did" in page.lower()
    assert "Running now" not in runner.get("/").text


def test_a_run_from_elsewhere_is_watched_and_not_stopped(runner: TestClient, data: Path) -> None:
    with open_store(data) as store:
        record = runs.begin(store, claim="sorted-input", depth="proof", seed=1, version="0")
        page = runner.get(f"/runs/{record.id}").text
        assert "started elsewhere" in page
        assert "Stop it" not in page
        fields = {"token": token(runner, "/settings")}
        assert runner.post(f"/runs/{record.id}/stop", data=fields).status_code == 409
        runs.end(store, record.id, "interrupted")


def test_an_order_that_makes_no_sense_is_refused_in_words(runner: TestClient) -> None:
    for order in ({"depth": "deep"}, {"seed": -1}, {"predictions": ["three"]}, {"more": 1}, []):
        answer = runner.post("/api/claims/sorted-input/runs", json=order)
        assert answer.status_code in (400, 422), order
        assert msgspec.json.decode(answer.content)["error"]
    assert runner.get("/api/runs").json() == []
