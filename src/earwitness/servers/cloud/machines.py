"""State machines: made from a definition, run, and their transitions counted.

Standard workflows. A transition is what Step Functions bills as one: a state that was entered
(pricing page: "each time a step of your workflow is executed"), retries and the Parallel state
itself included, start and end of an execution not.
"""

import json
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from earwitness.servers.cloud.server import Cloud
from earwitness.servers.process import ServerFailed

_ROLE = "arn:aws:iam::123456789012:role/local"
"""Wanted by the interface; nobody looks at it."""
_POLL_SECONDS = 0.02
_RUNNING = "RUNNING"
_ENTERED = "StateEntered"


@dataclass(frozen=True)
class Execution:
    """How an execution went. ``output``: the JSON value that its last state gave."""

    output: Any
    transitions: int


def create(cloud: Cloud, name: str, definition: Mapping[str, Any]) -> str:
    """A state machine; its ARN. botocore's ClientError when the definition is not valid."""
    made = cloud.client("stepfunctions").create_state_machine(
        name=name, definition=json.dumps(definition), roleArn=_ROLE
    )
    return str(made["stateMachineArn"])


def run(
    cloud: Cloud, machine: str, inputs: Iterable[Any], *, seconds: float = 60.0
) -> list[Execution]:
    """One execution for each input, all at once; in the order of the inputs.

    ServerFailed when one does not succeed, or is not over after ``seconds``.
    """
    client = cloud.client("stepfunctions")
    started = [
        client.start_execution(  # moto gives all executions without a name the same one
            stateMachineArn=machine, name=f"run-{uuid.uuid4()}", input=json.dumps(given)
        )["executionArn"]
        for given in inputs
    ]
    deadline = time.monotonic() + seconds
    return [_finished(client, execution, deadline) for execution in started]


def transitions(events: Iterable[Mapping[str, Any]]) -> int:
    """States that were entered, in a history of events. Pure."""
    return sum(str(event["type"]).endswith(_ENTERED) for event in events)


def _finished(client: Any, execution: str, deadline: float) -> Execution:
    while (seen := client.describe_execution(executionArn=execution))["status"] == _RUNNING:
        if time.monotonic() > deadline:
            raise ServerFailed(f"the execution {execution} is not over in time")
        time.sleep(_POLL_SECONDS)
    if seen["status"] != "SUCCEEDED":
        why = f"{seen.get('error', '')} {seen.get('cause', '')}".strip() or "no reason given"
        raise ServerFailed(f"an execution ended as {seen['status']}: {why}")
    pages = client.get_paginator("get_execution_history").paginate(executionArn=execution)
    events = [event for page in pages for event in page["events"]]
    return Execution(output=json.loads(seen["output"]), transitions=transitions(events))
