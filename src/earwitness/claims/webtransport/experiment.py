"""Which bench carries out which experiment of the claim, and what a missing wheel means.

Nothing else stands here: what the benches do is in ``streams`` and ``sockets``, which import the
wheels that they need when they are opened.
"""

import importlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from earwitness.experiment.bench import Bench, BenchSettings, Unavailable
from earwitness.experiment.design import Experiment
from earwitness.servers.process import MissingComponent

_INSTALL = "pip install 'earwitness[webtransport]'"
_MODULES: Mapping[str, str] = {"streams": "streams", "websocket": "sockets"}
_WHEELS = ("aioquic", "websockets", "cryptography")


@contextmanager
def open_bench(experiment: Experiment, settings: BenchSettings) -> Iterator[Bench]:
    """The bench of this experiment. KeyError when it is none of this claim's.

    Raises Unavailable without the wheels that it needs, or where the kernel refuses; ServerFailed
    when a server does not answer.
    """
    name = f"earwitness.claims.webtransport.{_MODULES[experiment.id]}"
    try:
        module = importlib.import_module(name)
        with module.opened(experiment, settings) as bench:
            yield bench
    except ModuleNotFoundError as missing:
        if missing.name is None or missing.name.split(".")[0] not in _WHEELS:
            raise
        raise Unavailable(f"the package {missing.name} is not installed", _INSTALL) from missing
    except MissingComponent as missing:
        raise Unavailable(missing.reason, missing.install) from missing
