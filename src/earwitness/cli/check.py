"""``earwitness check``: look for the claims' traps in a system that is not ours, without a trace."""

import sys
from collections.abc import Sequence
from pathlib import Path

import click
import msgspec

import earwitness
from earwitness.check import kinds, runner
from earwitness.check.finding import Severity
from earwitness.check.plan import Budget
from earwitness.check.runner import Check
from earwitness.check.target import NotATarget, Target, TargetKind
from earwitness.claims import registry
from earwitness.cli import checks as kept
from earwitness.cli import findings, options, outcome
from earwitness.report import check_document, json
from earwitness.store.connection import data_folder

_LONGEST_SAMPLING = 300.0
"""Seconds; a transaction stays open for as long."""


@click.command()
@click.argument("target")
@click.option("--claim", "chosen", multiple=True, metavar="ID", help="Only this claim; repeatable.")
@click.option("--plan", is_flag=True, help="Print every step and the budget; connect to nothing.")
@click.option(
    "--sample-waits",
    type=options.Seconds(),
    metavar="DURATION",
    help="Also sample what active sessions wait for, for so long: 10s, at most 5m.",
)
@click.option(
    "--save-evidence",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Keep what was seen, for `earwitness judge`.",
)
@options.output_format(*findings.FORMATS)
@findings.fail_on
@click.option("--no-store", is_flag=True, help="Do not keep this check for `earwitness runs`.")
@options.data
def check(  # noqa: PLR0917 - click calls it by name
    target: str,
    chosen: tuple[str, ...],
    plan: bool,
    sample_waits: float | None,
    save_evidence: Path | None,
    format_: str,
    fail_on: str,
    no_store: bool,
    data: Path | None,
) -> None:
    """Look for the claims' traps in TARGET, read-only and within a budget.

    TARGET is an address such as postgresql://user@host/database, or service=name. Leave passwords
    to PGPASSWORD or ~/.pgpass.
    """
    kind, address = _understood(target)
    checks, budget = _sampling(_checks(kind, chosen), kind.budget, sample_waits)
    if plan:
        steps = [check.planned for check in checks]
        findings.tell_plan(check_document.plan_document(kind, address, steps, budget), format_)
        return
    evidence = runner.gather(
        kind, address, checks, budget=budget, version=earwitness.__version__, tell=_progress
    )
    if save_evidence is not None:
        outcome.write(json.encode(evidence).decode(), save_evidence)
    judgement = runner.judge(evidence, {check.claim: check.judge for check in checks})
    document = check_document.check_document(
        evidence, judgement, Severity(fail_on), earwitness.__version__
    )
    if not no_store:
        kept.keep(data_folder(data), document)
    findings.tell(document, format_)
    sys.exit(int(document.exit_code))


def _understood(address: str) -> tuple[TargetKind, Target]:
    try:
        return kinds.recognise(address)
    except NotATarget as problem:
        raise click.BadParameter(str(problem), param_hint="TARGET") from None


def _checks(kind: TargetKind, chosen: Sequence[str]) -> Sequence[Check]:
    """What is looked for: the claims that were named, else all that know this kind of target."""
    if not chosen:
        found, broken = registry.checks(kind.name)
        for problem in broken.values():
            print(problem, file=sys.stderr)
        if not found:
            raise click.UsageError(f"no claim installed here looks at a target of kind {kind.name}")
        return found
    named = {id: registry.find(id).check for id in dict.fromkeys(chosen)}
    for id, one in named.items():
        if one is None or one.kind != kind.name:
            raise click.UsageError(f"claim {id} looks for nothing in a target of kind {kind.name}")
    return [one for one in named.values() if one is not None]


def _sampling(
    checks: Sequence[Check], budget: Budget, seconds: float | None
) -> tuple[Sequence[Check], Budget]:
    """The checks and the budget with so many seconds of sampling; None: as they are."""
    if seconds is None:
        return checks, budget
    if not 1 <= seconds <= _LONGEST_SAMPLING:
        raise click.BadParameter("from 1s to 5m", param_hint="--sample-waits")
    if all(check.sampling is None for check in checks):
        raise click.UsageError("no claim that was chosen samples waits")
    longer = msgspec.structs.replace(budget, seconds=budget.seconds + seconds)
    return [check.sampled(seconds) for check in checks], longer


def _progress(line: str) -> None:
    if sys.stderr.isatty():
        print(line, file=sys.stderr)
