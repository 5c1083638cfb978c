"""Has the vectors made while nobody waits: by a process of its own, which gives way to all others.

It has the lowest priority and one thread, waits while an experiment runs on this machine, and is
never more than one for a store. It is the command ``earwitness library embed``, started here by
whoever has put something into the library.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from earwitness.experiment import turn
from earwitness.library.search.embedding import model
from earwitness.library.search.embedding.making import GoOn

SETTING = "EARWITNESS_EMBED"
OFF = "off"
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
"""Two threads take more time together than one does, and hold up others."""
_LOWEST = 19
_LOOK_SECONDS = 0.5
"""Between two looks at whether an experiment has ended."""


def wanted(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether the model is here, and nobody has turned it off."""
    return environment.get(SETTING, "").strip().lower() != OFF and model.is_installed()


def start(folder: Path, *, with_us: bool) -> "subprocess.Popen[bytes]":
    """Start the process for a data folder.

    ``with_us``: it ends when its standard input does, so with whoever holds the other end. Else it
    goes on when we have ended.
    """
    command = [sys.executable, "-m", "earwitness", "library", "embed", "--data", str(folder)]
    return subprocess.Popen(
        [*command, "--until-input-ends"] if with_us else command,
        stdin=subprocess.PIPE if with_us else subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env={**os.environ, **ONE_THREAD},
    )


def give_way() -> None:
    """Let every other process of this machine go first; not quite, as it has the store at times."""
    os.nice(_LOWEST)


def between_experiments(stopped: Callable[[], bool], lock: Path | None = None) -> GoOn:
    """Goes on unless it was stopped, and only while no experiment runs."""

    def go_on() -> bool:
        while not stopped() and turn.taken(lock):
            time.sleep(_LOOK_SECONDS)
        return not stopped()

    return go_on
