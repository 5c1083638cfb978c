"""``earwitness claims``: what can be run here, and one claim in full."""

import sys

import click
from rich import box
from rich.console import Console
from rich.table import Table

from earwitness import history
from earwitness.claims import registry
from earwitness.cli import options
from earwitness.cli.saying import say
from earwitness.experiment import contrast
from earwitness.experiment.design import Claim, Fixed, Plan
from earwitness.report import words


@click.command()
@click.argument("claim", required=False)
@options.output_format("text", "json")
def claims(claim: str | None, format_: str) -> None:
    """List the claims in page order, or show CLAIM with its hypotheses and experiments."""
    if claim is not None:
        one = registry.find(claim).claim
        say(one, format_, _show)
        return
    loaded, broken = registry.loadable()
    ordered = [loaded[id] for id in history.in_page_order(loaded)]
    for problem in broken.values():
        print(problem, file=sys.stderr)
    say(ordered, format_, _list)


def _list(chosen: list[Claim]) -> None:
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("Claim", no_wrap=True)
    table.add_column("Says")
    table.add_column("Depths", no_wrap=True)
    for claim in chosen:
        depths = dict.fromkeys(d.value for e in claim.experiments for d in e.plans)
        table.add_row(claim.id, claim.title, ", ".join(depths))
    Console().print(table)


def _show(claim: Claim) -> None:
    terminal = Console()
    terminal.print(f"[bold]{claim.title}[/bold]\n{claim.said}\n")
    hypotheses = Table(box=box.SIMPLE_HEAD, title="Hypotheses", title_justify="left")
    for column in ("Id", "Role", "Statement", "Criterion"):
        hypotheses.add_column(column, overflow="fold", no_wrap=column == "Id")
    for h in claim.hypotheses:
        unit = contrast.unit_of(h.contrast, claim.experiment(h.experiment))
        mark = " (headline)" if h.id == claim.headline else ""
        hypotheses.add_row(
            h.id + mark, h.role.value, h.statement, words.criterion(h.criterion, unit)
        )
    experiments = Table(box=box.SIMPLE_HEAD, title="Experiments", title_justify="left")
    for column in ("Id", "Title", "Arms", "Blocks by depth"):
        experiments.add_column(column, overflow="fold", no_wrap=column == "Id")
    for e in claim.experiments:
        plans = "\n".join(f"{depth}: {_blocks(plan)}" for depth, plan in e.plans.items())
        experiments.add_row(e.id, e.title, "\n".join(arm.name for arm in e.arms), plans)
    terminal.print(hypotheses, experiments)
    terminal.print(f"True when {claim.boundary.true_when}\nFalse when {claim.boundary.false_when}")
    terminal.print(f"Remedy: {claim.remedy.text}")


def _blocks(plan: Plan) -> str:
    if isinstance(plan.design, Fixed):
        return f"{plan.design.blocks}"
    return f"{plan.design.least} to {plan.design.most}"
