"""Node.js of the machine, for programs and runtime clients that are written for it."""

import platform

from earwitness.servers.component import Component
from earwitness.servers.program import Program, Wanted

INSTALL = "brew install node" if platform.system() == "Darwin" else "apt-get install nodejs npm"

WANTED = Wanted(
    name="Node",
    file="node",
    variable="EARWITNESS_NODE",
    ask=("--version",),
    version=r"v([0-9.]+)",
    install=INSTALL,
)


def find() -> Program:
    """The machine's Node; MissingComponent, with what would help, when there is none."""
    return WANTED.find()


def components() -> tuple[Component, ...]:
    """Its line in the table of components."""
    return (WANTED.component(),)
