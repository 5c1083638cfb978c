"""``earwitness check``: look for the claims' traps in a system that is not ours, without a trace."""

import contextlib
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import click

from earwitness import checks
from earwitness.check.evidence import Evidence
from earwitness.check.finding import Severity
from earwitness.check.target import NotATarget
from earwitness.checks import Order
from earwitness.cli import findings, options
from earwitness.cli.errors import CANNOT
from earwitness.report import json
from earwitness.report.check_document import CheckDocument


@click.command()
@click.argument("target")
@click.option("--claim", "chosen", multiple=True, metavar="ID", help="Only this claim; repeatable.")
@click.option("--plan", is_flag=True, help="Print every step and the budget; connect to nothing.")
@findings.options_of_kinds
@click.option(
    "--save-evidence",
    type=options.Location(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Keep what was seen, for `earwitness judge`.",
)
@options.output_format(*findings.FORMATS)
@findings.fail_on
@findings.sources
@click.option("--no-store", is_flag=True, help="Do not keep this check for `earwitness runs`.")
@options.data
def check(  # noqa: PLR0917 - click calls it by name
    target: str,
    chosen: tuple[str, ...],
    plan: bool,
    save_evidence: Path | None,
    format_: str,
    fail_on: str,
    sources: tuple[Path, ...],
    no_store: bool,
    data: Path | None,
    **of_kinds: str | bool | tuple[str, ...] | None,
) -> None:
    """Look for the claims' traps in TARGET, read-only and within a budget.

    TARGET is an address such as postgresql://user@host/database, or service=name, the path of a
    directory, or mtls://host:port. Leave passwords to PGPASSWORD or ~/.pgpass.
    """
    order = _understood(target, chosen, of_kinds)
    if plan:
        findings.tell_plan(order.plan, format_)
        return
    files = findings.read_sources(sources)
    earlier = tuple if no_store else partial(_earlier, data, order)
    document = checks.carry_out(order, Severity(fail_on), _progress, files, earlier)
    saved = save_evidence is None or _saved(document, save_evidence)
    if not no_store:
        _keep(data, document)
    findings.tell(document, format_)
    sys.exit(int(document.exit_code) or (0 if saved else CANNOT))


def _understood(
    address: str,
    claims: tuple[str, ...],
    of_kinds: Mapping[str, str | bool | tuple[str, ...] | None],
) -> Order:
    asked = {
        name.replace("_", "-"): _line(value)
        for name, value in of_kinds.items()
        if value not in (None, False, ())
    }
    for name, text in asked.items():
        if not all(line.strip() for line in text.split("\n")):
            raise click.UsageError(f"--{name} is empty")
    try:
        return checks.order(address, claims, asked)
    except NotATarget as problem:
        raise click.BadParameter(str(problem), param_hint="TARGET") from None
    except checks.CannotCheck as problem:
        raise click.UsageError(str(problem)) from None


def _line(value: str | bool | tuple[str, ...] | None) -> str:
    """A value as kinds of targets take it: a flag is "yes", several values are lines."""
    if isinstance(value, tuple):
        return "\n".join(value)
    return "yes" if value is True else str(value)


def _saved(document: CheckDocument, path: Path) -> bool:
    """Whether the evidence is in that file now; told where it is not, and the check goes on."""
    from earwitness.cli import outcome

    try:
        outcome.write(json.encode(document.evidence).decode(), path)
    except outcome.CannotWrite as problem:
        print(f"earwitness: the evidence was not saved: {problem}", file=sys.stderr)
        return False
    return True


def _keep(data: Path | None, document: CheckDocument) -> None:
    """Keep it; what a check comes to does not depend on whether a store can be written."""
    from earwitness.store.connection import data_folder, open_store
    from earwitness.store.errors import StoreError

    try:
        with open_store(data_folder(data)) as store:
            checks.keep(store, document)
    except (StoreError, json.NotFinite) as problem:
        print(f"earwitness: this check was not kept: {problem}", file=sys.stderr)


def _earlier(data: Path | None, order: Order) -> Sequence[Evidence]:
    """What earlier checks of this target saw; trouble with the store is told when this one is kept."""
    from earwitness.store.connection import data_folder, open_store
    from earwitness.store.errors import StoreError

    with contextlib.suppress(StoreError), open_store(data_folder(data)) as store:
        return checks.earlier(store, order.target)
    return ()


def _progress(line: str) -> None:
    if sys.stderr.isatty():
        print(line, file=sys.stderr)
