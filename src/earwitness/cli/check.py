"""``earwitness check``: look for the claims' traps in a system that is not ours, without a trace."""

import sys
from pathlib import Path

import click

from earwitness import checks
from earwitness.check.finding import Severity
from earwitness.check.target import NotATarget
from earwitness.checks import Order
from earwitness.cli import findings, options, outcome
from earwitness.report import json
from earwitness.report.check_document import CheckDocument
from earwitness.store.connection import data_folder, open_store
from earwitness.store.errors import StoreError


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
    order = _understood(target, chosen, sample_waits)
    if plan:
        findings.tell_plan(order.plan, format_)
        return
    document = checks.carry_out(order, Severity(fail_on), _progress)
    if save_evidence is not None:
        outcome.write(json.encode(document.evidence).decode(), save_evidence)
    if not no_store:
        _keep(data_folder(data), document)
    findings.tell(document, format_)
    sys.exit(int(document.exit_code))


def _understood(address: str, claims: tuple[str, ...], sampling: float | None) -> Order:
    try:
        return checks.order(address, claims, sampling)
    except NotATarget as problem:
        raise click.BadParameter(str(problem), param_hint="TARGET") from None
    except checks.CannotCheck as problem:
        raise click.UsageError(str(problem)) from None


def _keep(folder: Path, document: CheckDocument) -> None:
    """Keep it; what a check comes to does not depend on whether a store can be written."""
    try:
        with open_store(folder) as store:
            checks.keep(store, document)
    except StoreError as problem:
        print(f"earwitness: this check was not kept: {problem}", file=sys.stderr)


def _progress(line: str) -> None:
    if sys.stderr.isatty():
        print(line, file=sys.stderr)
