"""Goes wrong as its arm says."""

import contextlib
import os
import shutil
import signal
import time
from collections.abc import Iterator

from earwitness.experiment.bench import Bench, BenchSettings, Unavailable
from earwitness.experiment.design import Arm, Experiment
from earwitness.experiment.events import ServerReady
from earwitness.experiment.observation import Observation
from earwitness.servers import process

SLEEP = shutil.which("sleep") or "/bin/sleep"


class TroubleBench(Bench):
    """Counts to one, sometimes."""

    def trial(self, arm: Arm) -> Observation:
        """Take a while; or go wrong."""
        match arm.settings["kind"]:
            case "crash":
                raise RuntimeError("the bench broke")
            case "death":
                os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(0.05)
        return Observation(values={"one": 1.0})


@contextlib.contextmanager
def open_bench(experiment: Experiment, settings: BenchSettings) -> Iterator[TroubleBench]:
    """Start a real child process, so that there is something to leave behind."""
    if experiment.arms[0].settings["kind"] == "absent":
        raise Unavailable("there is no such server", "pip install such-a-server")
    with process.running([SLEEP, "600"], settings.workspace, name="sleeper") as sleeper:
        settings.announce(
            ServerReady(
                experiment=experiment.id, server=f"sleep {sleeper.pid}", source="PATH", seconds=0.0
            )
        )
        yield TroubleBench()
