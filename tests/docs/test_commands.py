"""The page of commands has all of them, and no page shows one that does not exist."""

import re
import shlex
from collections.abc import Iterator

import click
import pytest

from earwitness.cli.main import VERBS, earwitness_command
from tests.docs import pages

REFERENCE = pages.DOCS / "reference" / "commands.md"
_OPERATORS = re.compile(r"[|<>;&]+")
_ELLIPSES = ("...", "[OPTIONS]")


def every_command() -> Iterator[tuple[str, click.Command]]:
    """Our verbs with their full names; those that packages add are not ours to describe."""
    for verb in VERBS:
        command = earwitness_command.get_command(click.Context(earwitness_command), verb)
        assert command is not None
        if isinstance(command, click.Group):
            yield from ((f"{verb} {name}", inner) for name, inner in command.commands.items())
        else:
            yield verb, command


def section(name: str) -> str:
    """The part of the page under the heading of that command."""
    found = pages.text(REFERENCE).partition(f"## earwitness {name}\n")[2]
    return re.split(r"^## ", found, flags=re.MULTILINE)[0]


@pytest.mark.parametrize(("name", "command"), list(every_command()))
def test_every_verb_and_option_is_described(name, command):
    told = section(name)
    assert told, f"there is no section for earwitness {name}"
    options = {option for p in command.params if isinstance(p, click.Option) for option in p.opts}
    described = set(re.findall(r"^\| `(--[a-z-]+)", told, flags=re.MULTILINE))
    assert described == options
    choices = [
        c for p in command.params if isinstance(p.type, click.Choice) for c in p.type.choices
    ]
    assert [choice for choice in choices if f"`{choice}`" not in told] == []


def invocations() -> list[tuple[str, str]]:
    """Every command line of ours in a block or in a line, with the page it stands on."""
    found = []
    for page in pages.pages():
        shell = [b.text for b in pages.blocks(page) if b.language in ("console", "sh", "yaml")]
        joined = "\n".join(shell).replace("\\\n", " ")
        lines = [*joined.splitlines(), *pages.inline_code(page)]
        found += [(pages.name(page), line) for line in lines if _arguments(line) is not None]
    return found


def _arguments(line: str) -> list[str] | None:
    """What follows ``earwitness`` on a command line; None when it is not called there."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    try:
        words = list(lexer)
    except ValueError:
        return None
    while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
        words = words[1:]
    if not words or words[0] != "earwitness":
        return None
    end = next((i for i, word in enumerate(words) if _OPERATORS.fullmatch(word)), len(words))
    return [word for word in words[1:end] if word not in _ELLIPSES]


@pytest.mark.parametrize(("page", "line"), invocations())
def test_every_command_line_is_understood(page, line):
    arguments = _arguments(line)
    assert arguments is not None
    if page == pages.name(REFERENCE) and ("[" in line or "COMMAND" in line):
        return  # a synopsis
    command: click.Command = earwitness_command
    context = click.Context(command, info_name="earwitness")
    while isinstance(command, click.Group) and arguments and not arguments[0].startswith("-"):
        name, inner, arguments = command.resolve_command(context, arguments)
        assert inner is not None
        command, context = inner, click.Context(inner, info_name=name, parent=context)
    try:
        # a group alone is named in the text; as a command line it would show its help
        if arguments or not isinstance(command, click.Group):
            command.make_context(context.info_name, arguments, parent=context.parent)
    except click.exceptions.Exit:
        assert {"--help", "-h", "--version"} & set(line.split())
    except click.MissingParameter:
        assert line.endswith(context.info_name)  # the verb is named, not called


def test_there_are_command_lines_to_look_at():
    assert len(invocations()) > 50
