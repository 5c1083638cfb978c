"""Running a claim in the test's own process, on the real bench that it brings."""

from pathlib import Path

from earwitness.claims import registry
from earwitness.experiment.budget import Budget
from earwitness.experiment.design import Claim, Depth
from earwitness.experiment.events import Event, TrialFinished
from earwitness.experiment.observation import Observation
from earwitness.experiment.runner import Run
from earwitness.experiment.verdict import ClaimResult

SEED = 7


def conduct(
    claim: Claim, workspace: Path, *, depth: Depth = Depth.PROOF, seed: int = SEED
) -> tuple[ClaimResult, list[Event]]:
    """The verdicts and the log of a claim; it may be a changed one of an installed id."""
    log: list[Event] = []
    run = Run(
        claim=claim,
        depth=depth,
        seed=seed,
        budget=Budget(None),
        open_bench=registry.find(claim.id).open_bench,
        workspace=workspace,
        emit=log.append,
    )
    return run.conduct({}), log


def observations(log: list[Event], arm: str, experiment: str | None = None) -> list[Observation]:
    """What was seen of an arm, block by block."""
    trials = [event.trial for event in log if isinstance(event, TrialFinished)]
    return [
        trial.observation
        for trial in trials
        if trial.arm == arm and experiment in (None, trial.experiment)
    ]
