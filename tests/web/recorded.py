"""Runs in a store as if the command line had made them, without waiting for the machine's turn."""

import sys
from pathlib import Path

from earwitness.experiment import events, machine, prediction
from earwitness.experiment.budget import Budget
from earwitness.experiment.design import Depth
from earwitness.experiment.runner import Run
from earwitness.launcher import Request, begin
from earwitness.store import runs
from earwitness.store.connection import Store
from earwitness.store.events import EventLog


def sorted_input(store: Store, packages: Path, workspace: Path, *predicted: str, seed: int) -> str:
    """A run of the claim of the test package, conducted here; its id."""
    sys.path.insert(0, str(packages))
    try:
        from earwitness_sorted_input.claim import CLAIM
        from earwitness_sorted_input.experiment import open_bench
    finally:
        sys.path.remove(str(packages))
    predictions = [prediction.parse(text, CLAIM) for text in predicted]
    request = Request(claim=CLAIM.id, depth=Depth.PROOF, seed=seed, predictions=predictions)
    record = begin(store, request)
    log = EventLog(store, record.id)
    run = Run(
        claim=CLAIM,
        depth=Depth.PROOF,
        seed=seed,
        budget=Budget(None),
        open_bench=open_bench,
        workspace=workspace,
        emit=lambda event: log.append(events.encode(event).decode()) and None,
    )
    result = run.conduct(machine.environment())
    runs.end(store, record.id, "finished", verdict=result.verdict.value)
    return record.id
