"""Saying what a check came to: documents to standard output, one line of trouble to standard error.

Shared by the verbs that end with findings.
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from earwitness.check import kinds, source_files, source_places
from earwitness.check.finding import Severity
from earwitness.check.source_places import SourceFile
from earwitness.check.target import Option
from earwitness.cli import options
from earwitness.report import check_words, json
from earwitness.report.check_document import CheckDocument, PlanDocument

FORMATS = ("text", "json", "markdown", "sarif", "junit")
PLAN_FORMATS = ("text", "json", "markdown")

_Command = TypeVar("_Command", bound=Callable[..., Any] | click.Command)

fail_on: Callable[[_Command], _Command] = click.option(
    "--fail-on",
    type=click.Choice([severity.value for severity in Severity]),
    default=Severity.HIGH.value,
    show_default=True,
    help="Exit with 1 when a finding is as bad as this, or worse.",
)

sources: Callable[[_Command], _Command] = click.option(
    "--source",
    "sources",
    multiple=True,
    type=options.Location(path_type=Path, exists=True),
    metavar="PATH",
    help="Say where in these source files or folders findings come from; repeatable.",
)


def options_of_kinds(command: _Command) -> _Command:
    """The options that kinds of targets declare, one after the other."""
    for kind in reversed(kinds.KINDS):
        for option in reversed(kind.options):
            command = _added(option, f"{kind.title}: {option.help}", command)
    return command


def _added(option: Option, help_: str, command: _Command) -> _Command:
    name = f"--{option.name}"
    if not option.value:
        return click.option(name, is_flag=True, help=help_)(command)
    return click.option(name, metavar=option.value, help=help_, multiple=option.multiple)(command)


def read_sources(paths: Sequence[Path]) -> tuple[SourceFile, ...]:
    """The source files of these paths; what will not be searched is told."""
    if not paths:
        return ()
    try:
        source_places.require_tokenizer()
    except source_places.NoTokenizer as problem:
        raise click.UsageError(str(problem)) from None
    read = source_files.read(paths)
    if read.left_out:
        print(
            f"earwitness: {read.left_out:,} source files were not searched: too large, too many, or "
            "not readable",
            file=sys.stderr,
        )
    return read.files


def tell(document: CheckDocument, format_: str) -> None:
    """Say the check in the format asked for; one that saw nothing is one line on standard error."""
    message = document.evidence.message
    if message is not None:
        print(f"earwitness: {check_words.visible(message)}", file=sys.stderr)
    if format_ != "text":
        sys.stdout.write(encoded(document, format_))
    elif document.evidence.reached:
        from rich.console import Console

        from earwitness.report import check_console

        Console().print(check_console.check(document))


def encoded(document: CheckDocument, format_: str) -> str:
    """The check in a format other than text; KeyError for one that checks do not have."""
    match format_:  # most of them are not needed, and some bring much along
        case "json":
            return json.encode(document).decode()
        case "markdown":
            from earwitness.report import check_markdown

            return check_markdown.render_check(document)
        case "sarif":
            from earwitness.report import sarif

            return sarif.render(document)
        case "junit":
            from earwitness.report import junit

            return junit.render(document)
        case _:
            raise KeyError(format_)


def tell_plan(plan: PlanDocument, format_: str) -> None:
    """Say the plan; click.UsageError for a format that is for findings only."""
    match format_:
        case "text":
            from rich.console import Console

            from earwitness.report import check_console

            Console().print(check_console.plan(plan))
        case "json":
            sys.stdout.write(json.encode(plan).decode())
        case "markdown":
            from earwitness.report import check_markdown

            sys.stdout.write(check_markdown.render_plan(plan))
        case _:
            raise click.UsageError(f"--plan can be had as {', '.join(PLAN_FORMATS)}")
