"""What many tests need: a command line in a data folder of its own, and claims to run."""

import dataclasses
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import settings

# the machine is shared and slow at times; how long an example takes says nothing about the code
settings.register_profile("earwitness", deadline=None)
settings.load_profile("earwitness")

os.environ.setdefault("EARWITNESS_EMBED", "off")  # no test leaves a process behind

PACKAGES = Path(__file__).parent / "packages"


@dataclasses.dataclass(frozen=True)
class CommandLine:
    """``earwitness`` as a user calls it, in a process of its own."""

    environment: Mapping[str, str]

    def __call__(self, *arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
        """Run to the end; nothing on standard input."""
        return subprocess.run(
            self.command(*arguments),
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            **options,
        )

    def start(self, *arguments: str, **options: object) -> "subprocess.Popen[str]":
        """Start and return at once."""
        return subprocess.Popen(
            self.command(*arguments),
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "earwitness", *arguments]


@pytest.fixture(scope="session")
def third_party(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the claim packages of ``tests/packages`` installed as anybody would."""
    target = tmp_path_factory.mktemp("site")
    packages = [str(PACKAGES / name) for name in ("sorted_input", "trouble")]
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    command += ["--no-build-isolation", "--disable-pip-version-check", "--target", str(target)]
    subprocess.run([*command, *packages], check=True, timeout=120)
    return target


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder of this test."""
    return tmp_path / "data"


@pytest.fixture
def earwitness(third_party: Path, data: Path) -> CommandLine:
    """The command line, with the third-party claims installed and a data folder of its own."""
    environment = {**os.environ, "EARWITNESS_DATA": str(data), "PYTHONPATH": str(third_party)}
    return CommandLine(environment | {"COLUMNS": "100", "NO_COLOR": "1"})
