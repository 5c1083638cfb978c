"""The table of contents of the command line.

Names every verb with its one-line help and imports a verb only when it is called, so that
``earwitness --help`` costs next to nothing. Commands that claims bring along are found by the entry
point group ``earwitness.commands``.
"""

import importlib
import sys
from importlib.metadata import EntryPoint, entry_points
from typing import NoReturn

import click

import earwitness
from earwitness.cli import options

VERBS = {
    "run": ("earwitness.cli.run:run", "Rerun what an episode claims, on real servers."),
    "check": ("earwitness.cli.check:check", "Look for the same traps in a system of yours."),
    "judge": ("earwitness.cli.judge:judge", "Judge the saved evidence of a check again."),
    "search": ("earwitness.cli.search:search", "Find what was said, to the second."),
    "ask": ("earwitness.cli.ask:ask", "What was said and measured, with citations."),
    "mcp": ("earwitness.cli.mcp:mcp", "Serve all this to an assistant of yours."),
    "eval": ("earwitness.cli.evaluate:evaluate", "Measure search on labelled questions."),
    "serve": ("earwitness.cli.serve:serve", "Open the site in a browser."),
    "claims": ("earwitness.cli.claims:claims", "List the claims, or show one in full."),
    "library": ("earwitness.cli.library:library", "Shows, episodes, transcripts, recordings."),
    "runs": ("earwitness.cli.runs:runs", "List, open, replay, compare and export past runs."),
    "predictions": ("earwitness.cli.predictions:predictions", "How well you predicted so far."),
    "snip": ("earwitness.cli.snip:snip", "Save a moment of an episode."),
    "snips": ("earwitness.cli.snips:snips", "List, change, share and import saved moments."),
    "review": ("earwitness.cli.review:review", "Review cards when they are due."),
    "export": ("earwitness.cli.export:export", "Hand snips on to other applications."),
    "doctor": ("earwitness.cli.doctor:doctor", "What is here, what is missing, how to get it."),
}
COMMANDS_OF_CLAIMS = "earwitness.commands"
_HELP_WIDTH = 64


class Verbs(click.Group):
    """A group that imports a command when it is called, not when it is listed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Our verbs in the order of the table, then those that claims bring."""
        del ctx
        return [*VERBS, *sorted(_plugins())]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import and return the command of that name."""
        del ctx
        if name in VERBS:
            module, _, attribute = VERBS[name][0].partition(":")
            command: click.Command = getattr(importlib.import_module(module), attribute)
            return command
        plugin = _plugins().get(name)
        return plugin.load() if plugin else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands; of ours none is imported."""
        del ctx
        with formatter.section("Commands"):
            rows = [(name, help) for name, (_, help) in VERBS.items()]
            rows += [(name, _short_help(entry)) for name, entry in sorted(_plugins().items())]
            formatter.write_dl(rows)


def _plugins() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=COMMANDS_OF_CLAIMS)}


def _short_help(entry: EntryPoint) -> str:
    try:
        command: click.Command = entry.load()
    except Exception as problem:  # whatever a package does wrong, the help is shown
        return f"cannot be loaded from {entry.module}: {problem}"
    return command.get_short_help_str(limit=_HELP_WIDTH)


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(earwitness.__version__, prog_name="earwitness")
@options.data_of_all
def earwitness_command() -> None:
    """You heard it on a show. See when it's true.

    Earwitness reruns what backend podcasts claim on real servers that it starts itself, and says
    when it holds and when it does not.
    """


def main() -> NoReturn:
    """Run the command line; errors that a user can act on are one line on standard error."""
    from earwitness.cli.errors import expected

    with expected():
        code = earwitness_command.main(
            prog_name="earwitness", args=sys.argv[1:], standalone_mode=False
        )
        sys.exit(code)
