"""Benchmarks that nothing else runs still run: the smallest one that each can be asked for."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("lock_prediction", ("--majors", "18", "--servers", "1", "--schemas", "2")),
        ("catalog_cost", ("--partitions", "10", "--repeats", "1")),
    ],
)
def test_it_runs_and_reaches_its_target(name: str, arguments: Sequence[str]) -> None:
    command = [sys.executable, str(BENCHMARKS / f"{name}.py"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
