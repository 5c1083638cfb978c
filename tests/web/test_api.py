"""The API keeps to its own document, whatever it is sent."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.testclient import TestClient

from earwitness.store.connection import open_store
from earwitness.web.api import openapi
from earwitness.web.api.routes import OPERATIONS
from earwitness.web.app import build
from earwitness.web.site import Serving
from tests.web.conftest import EPISODE, SHOW, shelve, sorting_show


def test_the_document_names_every_operation(site: TestClient) -> None:
    document = site.get("/api/openapi.json").json()
    named = {one["operationId"] for path in document["paths"].values() for one in path.values()}
    assert named == {operation.name for operation in OPERATIONS}
    assert document["openapi"].startswith("3.1")


def test_shows_episodes_and_transcripts(site: TestClient) -> None:
    assert SHOW in [show["id"] for show in site.get("/api/shows").json()]
    page = site.get(f"/api/shows/{SHOW}/episodes?most=2&first=1").json()
    assert (page["total"], page["first"], page["following"]) == (95, 1, 3)
    show, _, episode = EPISODE.partition("/")
    one = site.get(f"/api/shows/{show}/episodes/{episode}").json()
    assert [chapter["title"] for chapter in one["chapters"]] == ["Intro", "Runs", "Galloping"]
    lines = site.get(f"/api/shows/{show}/episodes/{episode}/transcript").json()
    assert (len(lines), lines[3]["speaker"]) == (12, "Tim")


def test_checks(site: TestClient) -> None:
    order = {"target": "postgresql://me:geheim7@127.0.0.1:1/shop", "claims": ["partition-locks"]}
    plan = site.post("/api/checks/plan", json=order).json()
    assert plan["schema"] == "earwitness/plan/1"
    check = site.post("/api/checks", json=order)
    assert check.json()["outcome"] == "unseen"
    assert "geheim7" not in check.text
    (kept,) = site.get("/api/checks").json()
    assert site.get(f"/api/checks/{kept['id']}").json() == check.json()
    assert site.get(f"/api/runs/{kept['id']}").status_code == 404
    assert site.get("/api/runs").json() == []


def test_errors_are_json_and_say_what(site: TestClient) -> None:
    answer = site.get("/api/shows/none/episodes")
    assert answer.status_code == 404
    assert answer.json()["schema"] == "earwitness/error/1"
    assert "none" in answer.json()["error"]
    assert site.get("/api/runs?most=0").status_code == 400
    assert site.get("/api/runs?most=x").status_code == 400
    assert site.get("/api/nowhere").json()["status"] == 404
    assert site.put("/api/shows").status_code == 405


CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
SCHEMA = schemathesis.openapi.from_dict(openapi.document(OPERATIONS))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the site over real HTTP, which clients in this process would leave out."""
    folder = tmp_path_factory.mktemp("fuzzed")
    with open_store(folder) as store:
        shelve(store, sorting_show(episodes=5))
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        configuration = uvicorn.Config(build(Serving(folder=folder)), log_level="error")
        server = uvicorn.Server(configuration)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        while not server.started:
            time.sleep(0.05)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join()


@SCHEMA.parametrize()
@settings(max_examples=25, suppress_health_check=list(HealthCheck))
def test_whatever_is_sent_the_answer_is_one_that_is_announced(
    case: schemathesis.Case, served: str
) -> None:
    case.call_and_validate(base_url=served, checks=CHECKS)
