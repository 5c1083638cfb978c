"""The sample project of the documentation, checked as its pipeline does, against a real server."""

import importlib.util
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import quote

import pytest

from earwitness.servers import postgres
from earwitness.servers.postgres import Postgres
from earwitness.servers.workspace import workspace as new_workspace
from tests.conftest import CommandLine

pytestmark = pytest.mark.live

SAMPLE = Path(__file__).parents[3] / "docs" / "examples" / "shop"
MAJOR = 17
"""That of the pipeline."""


def program() -> ModuleType:
    spec = importlib.util.spec_from_file_location("shop_orders", SAMPLE / "app" / "orders.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def server(fetch_postgres: ModuleType) -> Iterator[Postgres]:
    """Migrated by the files of the sample, and used by its program."""
    with ExitStack() as stack:
        try:
            patch = stack.enter_context(pytest.MonkeyPatch.context())
            patch.setenv("EARWITNESS_PG_BIN", os.fspath(fetch_postgres.fetch(MAJOR)))
            binaries = postgres.find(MAJOR)
        except (postgres.MissingComponent, fetch_postgres.FetchFailedError) as missing:
            pytest.skip(str(missing))
        folder = stack.enter_context(new_workspace("test-sample-project"))
        settings = {"shared_preload_libraries": "pg_stat_statements"}
        server = stack.enter_context(postgres.running(binaries, folder, settings=settings))
        with server.connect() as owner:
            owner.execute("create extension pg_stat_statements")
            owner.execute("create role watcher login in role pg_monitor, pg_read_all_data")
            for file in sorted((SAMPLE / "db").glob("*.sql")):
                owner.execute(file.read_text().encode())
            owner.execute(
                "insert into invoices select n, n::text, string_agg(md5((n * k)::text), ' ') "
                "from generate_series(1, 1200) n, generate_series(1, 200) k group by n"
            )
            owner.execute("vacuum (analyze) invoices")
            shop = program()
            for n in range(20):
                shop.of_day(owner, "2026-03-01")
                shop.of_customer(owner, n)
                shop.invoices(owner, 1, 50)
        yield server


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The sample as a repository."""
    root = tmp_path / "checkout"
    shutil.copytree(SAMPLE, root)
    (root / ".git").mkdir()
    return root


def line_of(file: str, text: str) -> int:
    lines = (SAMPLE / file).read_text().splitlines()
    (found,) = [number for number, line in enumerate(lines, start=1) if text in line]
    return found


def places(result: dict[str, Any], key: str = "locations") -> list[tuple[str, int]]:
    found = [one["physicalLocation"] for one in result.get(key, ())]
    assert all(one["artifactLocation"]["uriBaseId"] == "SRCROOT" for one in found)
    return [(one["artifactLocation"]["uri"], one["region"]["startLine"]) for one in found]


def test_a_code_host_is_shown_the_file_and_the_line(
    server: Postgres, earwitness: CommandLine, checkout: Path
) -> None:
    address = f"postgresql://watcher@/postgres?host={quote(os.fspath(server.socket), safe='')}"
    step = ("check", address, "--no-store", "--source", ".", "--format", "sarif")
    checked = earwitness(*step, cwd=checkout)
    assert checked.returncode == 1, checked.stderr
    (run,) = json.loads(checked.stdout)["runs"]
    assert set(run["originalUriBaseIds"]) == {"SRCROOT"}
    results = {result["ruleId"]: result for result in run["results"]}
    # without a file a code host would take nothing of it
    settings = results["fsync/fsync-off"]["locations"][0]["physicalLocation"]
    assert settings["artifactLocation"]["uri"] == "postgresql/setting/fsync"
    assert all(
        one["physicalLocation"]["region"]["startLine"]
        for r in run["results"]
        for one in r["locations"]
    )

    tree = results["partition-locks/exhaustion"]
    assert tree["level"] == "error"
    orders = ("db/001_orders.sql", line_of("db/001_orders.sql", "create table orders ("))
    assert places(tree) == [orders]

    never = results["partition-locks/never-prunes"]
    assert places(never) == [
        ("app/orders.py", line_of("app/orders.py", "select id, day, total")),
    ]
    assert places(never, "relatedLocations") == [orders]
    generic = results["partition-locks/generic-plan"]
    keyed = line_of("app/orders.py", "select id, customer, total from orders")
    assert places(generic) == [("app/orders.py", keyed)]

    wide = results["select-star/out-of-line"]
    invoices = ("db/002_invoices.sql", line_of("db/002_invoices.sql", "create table invoices"))
    assert places(wide) == [invoices]
    fetched = results["select-star/fetched"]
    assert places(fetched) == [
        ("app/orders.py", line_of("app/orders.py", "select * from invoices"))
    ]
    assert places(fetched, "relatedLocations") == [invoices]


def test_evidence_is_placed_later_as_well(
    server: Postgres, earwitness: CommandLine, checkout: Path
) -> None:
    address = f"postgresql://watcher@/postgres?host={quote(os.fspath(server.socket), safe='')}"
    evidence = checkout / "evidence.json"
    earwitness("check", address, "--save-evidence", str(evidence))
    told = earwitness("judge", str(evidence), "--source", str(checkout / "db"))
    line = line_of("db/001_orders.sql", "create table orders (")
    assert f"db/001_orders.sql:{line}" in told.stdout
    assert "app/orders.py" not in told.stdout
    assert earwitness("runs", "replay").returncode == 0


def test_the_page_shows_the_step_that_was_run() -> None:
    page = (SAMPLE.parents[1] / "how-to" / "check-in-ci.md").read_text()
    assert (SAMPLE / "ci" / "check.yml").read_text() in page
    step = "--no-store --source . --format sarif"
    assert step in (SAMPLE / "ci" / "check.yml").read_text()
