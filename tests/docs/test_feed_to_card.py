"""The commands of the tutorial "From a feed to a card" do what the page says that they do."""

import json
import shlex

from tests.conftest import CommandLine
from tests.docs import pages

PAGE = pages.DOCS / "tutorials" / "from-a-feed-to-a-card.md"
INTERACTIVE = "earwitness review"


def commands() -> list[list[str]]:
    """The arguments of every command of the page, in order, but for the interactive one."""
    console = [block.text for block in pages.blocks(PAGE) if block.language == "console"]
    lines = [line for text in console for line in text.splitlines()]
    called = [line for line in lines if line.startswith("earwitness ") and line != INTERACTIVE]
    return [shlex.split(line)[1:] for line in called]


def test_every_command_works_and_prints_what_is_shown(earwitness: CommandLine) -> None:
    told = {}
    for arguments in commands():
        done = earwitness(*arguments, cwd=pages.ROOT)
        assert done.returncode == 0, (arguments, done.stderr)
        told[arguments[0], arguments[1]] = " ".join(done.stdout.split())
    shown = [" ".join(b.text.split()) for b in pages.blocks(PAGE) if b.language == "text"]
    assert shown[0] in told["library", "show"].replace("─", "").replace("  ", " ")
    assert shown[1] in told["ask", "what is a retry budget?"]
    assert "Nothing in the library" in told["ask", "which cheese goes with red wine?"]
    assert "measured here" in told["ask", "is SELECT * slow?"]
    due = json.loads(earwitness("review", "due", "--format", "json").stdout)["cards"]
    assert {card["kind"] for card in due} == {"snip", "claim"}


def test_adding_the_same_file_again_changes_nothing(earwitness: CommandLine) -> None:
    add = ("library", "add", "docs/examples/talks/feed.xml", "--format", "json")
    first, second = (json.loads(earwitness(*add, cwd=pages.ROOT).stdout) for _ in range(2))
    assert len(first["new"]) == 2
    assert (second["new"], second["changed"], second["unchanged"]) == ([], [], 2)
