"""A place for workspaces that no other run on this machine shares."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def root() -> Iterator[Path]:
    """Not pytest's own folder: as root, nobody else could enter that."""
    above = Path(tempfile.mkdtemp(prefix="ew-"))
    above.chmod(0o711)
    yield above / "root"
    shutil.rmtree(above, ignore_errors=True)
