"""``earwitness run``: rerun claims on real servers and say what came out."""

import contextlib
import secrets
import signal
import sys
from pathlib import Path
from typing import NoReturn

import click

from earwitness import history, launcher
from earwitness.claims import registry
from earwitness.cli import options, outcome
from earwitness.cli.errors import CANNOT
from earwitness.cli.screen import Screen, screen_for
from earwitness.experiment import prediction
from earwitness.experiment.design import Claim, Depth
from earwitness.experiment.prediction import Prediction
from earwitness.experiment.verdict import Verdict
from earwitness.launcher import Request
from earwitness.report.assembly import NothingRecorded
from earwitness.report.document import RunDocument
from earwitness.store import runs
from earwitness.store.connection import Store, data_folder, open_store
from earwitness.store.runs import RunRecord

_SEEDS = 2**31
"""Seeds are below this, so that they can be typed again."""


@click.command()
@click.argument("claim", nargs=-1)
@click.option(
    "--depth",
    type=click.Choice([depth.value for depth in Depth]),
    default=Depth.PROOF.value,
    show_default=True,
    help="proof: seconds; study: minutes, intervals and the boundary; full: everything.",
)
@click.option(
    "--budget", type=options.Seconds(), help="Stop starting new blocks after this time: 60s, 5m."
)
@click.option("--seed", type=click.IntRange(0, _SEEDS - 1), help="Order of trials and data.")
@click.option(
    "--predict", multiple=True, metavar="TEXT", help=f"Before it runs: {prediction.HELP}."
)
@click.option("--no-input", is_flag=True, help="Do not ask for predictions.")
@options.output_format("text", "json", "markdown", "html")
@click.option(
    "--report",
    type=options.Location(path_type=Path, dir_okay=False),
    help="Where the HTML report goes; default: in the data folder.",
)
@options.data
def run(  # noqa: PLR0917 - click calls it by name
    claim: tuple[str, ...],
    depth: str,
    budget: float | None,
    seed: int | None,
    predict: tuple[str, ...],
    no_input: bool,
    format_: str,
    report: Path | None,
    data: Path | None,
) -> None:
    """Rerun CLAIM (or all claims, in page order) on real servers and give a verdict."""
    claims = [registry.find(id).claim for id in claim] or _all_claims()
    predictions = _understood(predict, claims)
    _stop_in_order_on_sigterm()
    folder = data_folder(data)
    with open_store(folder) as store:
        asks = not no_input and not predict
        with screen_for(history.page(store), claims, live=format_ == "text", asks=asks) as screen:
            records = []
            for one in claims:
                request = Request(
                    claim=one.id,
                    depth=Depth(depth),
                    seed=secrets.randbelow(_SEEDS) if seed is None else seed,
                    budget_seconds=None if budget is None else budget / len(claims),
                    predictions=predictions or screen.ask(one),
                )
                records.append(_run_one(store, request, screen))
        documents = _documents(store, records)
        if len(claim) == 1:
            outcome.tell(documents, format_, report, folder)
        else:
            outcome.tell_page(history.page(store), documents, format_, report, folder)
    sys.exit(_exit_code(records))


def _all_claims() -> list[Claim]:
    """Every claim that can be loaded, in page order; the others are named on standard error."""
    claims, broken = registry.loadable()
    for problem in broken.values():
        print(problem, file=sys.stderr)
    return [claims[id] for id in history.in_page_order(claims)]


def _understood(texts: tuple[str, ...], claims: list[Claim]) -> list[Prediction]:
    if texts and len(claims) != 1:
        raise click.UsageError("--predict needs one CLAIM to be named")
    try:
        return [prediction.parse(text, claims[0]) for text in texts]
    except prediction.Unclear as problem:
        raise click.BadParameter(str(problem), param_hint="--predict") from problem


def _run_one(store: Store, request: Request, screen: Screen) -> RunRecord:
    record = launcher.begin(store, request)
    try:
        with contextlib.closing(launcher.carry_out(store, record, request)) as happening:
            for event in happening:
                screen.show(request.claim, event)
    except KeyboardInterrupt as stop:
        stop.add_note("what was observed is kept, see `earwitness runs`")
        raise
    return runs.find(store, record.id)


def _documents(store: Store, records: list[RunRecord]) -> list[RunDocument]:
    """What can be told of the runs; one that ended before it began is told on standard error."""
    documents = []
    for record in records:
        try:
            documents.append(history.document_of(store, record))
        except NothingRecorded as nothing:
            print(f"{record.claim}: {nothing}", file=sys.stderr)
    return documents


def _exit_code(records: list[RunRecord]) -> int:
    """0 when any claim got a verdict; 2 when none could be run."""
    without = (None, Verdict.UNAVAILABLE.value)
    return 0 if any(record.verdict not in without for record in records) else CANNOT


def _stop_in_order_on_sigterm() -> None:
    """Let a polite kill close everything as Ctrl-C does."""

    def interrupt(_number: int, _frame: object) -> NoReturn:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
