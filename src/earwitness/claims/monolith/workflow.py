"""The pipeline on the cloud: functions, and the state machines that lead them.

Definitions in the Amazon States Language, and which handler is behind each state. What runs them
stands in ``servers.cloud`` and ``servers.function_host``; what is counted, in the bench.
"""

from collections.abc import Mapping
from typing import Any

CONVERT, AGGREGATE, WHOLE = "convert", "aggregate", "whole"
DETECTORS: Mapping[str, str] = {
    "Black": "detect-black",
    "Freeze": "detect-freeze",
    "Silence": "detect-silence",
    "Corruption": "detect-corruption",
}
"""Functions by the name of the state that invokes them."""
STEPS = (CONVERT, *DETECTORS.values(), AGGREGATE)

Definition = Mapping[str, Any]


def handler(function: str) -> str:
    """The handler of a function: the same name in the module of steps."""
    return f"pipeline.steps.{function.replace('-', '_')}"


def arn(function: str) -> str:
    """The name by which a state machine invokes a function."""
    return f"arn:aws:lambda:us-east-1:000000000000:function:{function}"


def in_steps() -> Definition:
    """Convert, then all detectors beside each other, then aggregate: seven states entered."""
    branches = [
        {"StartAt": state, "States": {state: _task(function, End=True)}}
        for state, function in DETECTORS.items()
    ]
    return {
        "StartAt": "Convert",
        "States": {
            "Convert": _task(CONVERT, Next="Detect"),
            "Detect": {"Type": "Parallel", "Branches": branches, "Next": "Aggregate"},
            "Aggregate": _task(AGGREGATE, End=True),
        },
    }


def in_one() -> Definition:
    """One state that does it all."""
    return {"StartAt": "Whole", "States": {"Whole": _task(WHOLE, End=True)}}


def functions(machine: str) -> tuple[str, ...]:
    """What an arm with that state machine ("none": it invokes itself) needs."""
    return STEPS if machine == "steps" else (WHOLE,)


def _task(function: str, **then: Any) -> Definition:
    return {"Type": "Task", "Resource": arn(function), **then}


MACHINES: Mapping[str, Definition] = {"steps": in_steps(), "one": in_one()}
"""By the word of an arm."""
