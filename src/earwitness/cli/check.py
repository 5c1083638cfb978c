"""``earwitness check``: look for the claims' traps in a system that is not ours, without a trace."""

import dataclasses
import sys
from collections.abc import Mapping, Sequence
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
from earwitness.cli import findings, options, outcome
from earwitness.report import check_document, json

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
@findings.options_of_kinds
@options.output_format(*findings.FORMATS)
@findings.fail_on
def check(  # noqa: PLR0917 - click calls it by name
    target: str,
    chosen: tuple[str, ...],
    plan: bool,
    sample_waits: float | None,
    save_evidence: Path | None,
    format_: str,
    fail_on: str,
    **of_kinds: str | bool | None,
) -> None:
    """Look for the claims' traps in TARGET, read-only and within a budget.

    TARGET is an address such as postgresql://user@host/database, or service=name, or the path of a
    directory. Leave passwords to PGPASSWORD or ~/.pgpass.
    """
    kind, address = _understood(target)
    checks, budget = _sampling(_checks(kind, chosen), kind.budget, sample_waits)
    asked = _asked(kind, of_kinds)
    address = dataclasses.replace(address, options=asked)
    checks, budget = _with_options(checks, budget, asked)
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
    named: list[Check] = []
    for id in dict.fromkeys(chosen):
        of_kind = [check for check in registry.find(id).checks if check.kind == kind.name]
        if not of_kind:
            raise click.UsageError(f"claim {id} looks for nothing in a target of kind {kind.name}")
        named += of_kind
    return named


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


def _asked(kind: TargetKind, of_kinds: Mapping[str, str | bool | None]) -> Mapping[str, str]:
    """The options of this kind that were given; a usage error for one of another kind."""
    given = {name.replace("_", "-"): value for name, value in of_kinds.items() if value}
    own = {option.name for option in kind.options}
    for name in given:
        if name not in own:
            raise click.UsageError(f"--{name} means nothing to a target of kind {kind.name}")
    return {name: "yes" if value is True else str(value) for name, value in given.items()}


def _with_options(
    checks: Sequence[Check], budget: Budget, asked: Mapping[str, str]
) -> tuple[Sequence[Check], Budget]:
    """The checks with what was asked for, and the budget with the time that this takes."""
    before = sum(step.seconds for check in checks for step in check.plan)
    try:
        checks = [check.with_options(asked) for check in checks]
    except ValueError as problem:
        raise click.UsageError(str(problem)) from None
    after = sum(step.seconds for check in checks for step in check.plan)
    return checks, msgspec.structs.replace(budget, seconds=budget.seconds + after - before)


def _progress(line: str) -> None:
    if sys.stderr.isatty():
        print(line, file=sys.stderr)
