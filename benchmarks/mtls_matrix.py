"""How long does one server's part of the revocation matrix take, and does it say what is expected?

    python benchmarks/mtls_matrix.py [--servers nginx haproxy ...] [--seconds 8]

Each part starts all doors of a server, and takes a client of each through revocation, reload and
restart, three times. Servers that are not on the machine are named and left out.

Exits with 1 when a part takes longer than the target, when a verdict is not the expected one, or when
no server was there at all.
"""

import argparse
import sys
import time

from msgspec.structs import replace

from earwitness.claims import registry
from earwitness.claims.mtls_resumption.claim import CLAIM
from earwitness.claims.mtls_resumption.matrix_design import EXPERIMENTS
from earwitness.experiment.budget import Budget
from earwitness.experiment.design import Depth, Experiment, Role
from earwitness.experiment.runner import Run
from earwitness.experiment.verdict import ClaimResult, Verdict
from earwitness.servers.process import MissingComponent
from earwitness.servers.workspace import workspace

SEED = 1


def conduct(experiment: Experiment) -> ClaimResult:
    with workspace(f"benchmark-{experiment.id}") as folder:
        return Run(
            claim=replace(CLAIM, experiments=(experiment,), charts=()),
            depth=Depth.STUDY,
            seed=SEED,
            budget=Budget(None),
            open_bench=registry.find(CLAIM.id).open_bench,
            workspace=folder,
            emit=lambda _event: None,
        ).conduct({})


def as_expected(result: ClaimResult) -> bool:
    """A rival is refuted, everything else supported."""
    return all(
        each.verdict is (Verdict.REFUTED if each.role is Role.RIVAL else Verdict.SUPPORTED)
        for each in result.hypotheses
    )


def main() -> int:
    known = [experiment.id.removeprefix("matrix-") for experiment in EXPERIMENTS]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--servers", nargs="+", choices=known, default=known)
    parser.add_argument("--seconds", type=float, default=8.0)
    arguments = parser.parse_args()
    good = []
    print("| server | arms | seconds | verdicts as expected |")
    print("| --- | ---: | ---: | --- |")
    for server in arguments.servers:
        experiment = CLAIM.experiment(f"matrix-{server}")
        begun = time.perf_counter()
        try:
            result = conduct(experiment)
        except MissingComponent as missing:
            print(f"| {server} | | | {missing.reason} |", flush=True)
            continue
        seconds = time.perf_counter() - begun
        right = as_expected(result)
        said = "yes" if right else "no"
        print(f"| {server} | {len(experiment.arms)} | {seconds:.1f} | {said} |", flush=True)
        good.append(right and seconds <= arguments.seconds)
    print(
        f"\n{sum(good)} of {len(good)} within {arguments.seconds:g} s and as expected; target: all"
    )
    return 0 if good and all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
