"""``earwitness review``: cards asked when they are due, one after the other or from a script."""

import datetime as dt
import sys
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape

from earwitness import card_faces
from earwitness.claims import registry
from earwitness.cli import options
from earwitness.cli.saying import say
from earwitness.cli.snips import chosen
from earwitness.library import bundled
from earwitness.library import snip_catalogue as read
from earwitness.library.review import cards, faces, scheduling, statistics
from earwitness.library.review.cards import Card, NoSuchCard
from earwitness.library.review.scheduling import Grade
from earwitness.report import review_words, words
from earwitness.report.kept_document import CardDocument, CardsDocument, MadeCardsDocument
from earwitness.store.connection import Store, data_folder, open_store

GRADES = tuple(grade.name.lower() for grade in Grade)
FORECAST_DAYS = 7
_KEYS = {str(int(grade)): grade for grade in Grade}


@click.group(invoke_without_command=True)
@click.option("--deck", type=options.Name(), help="Only this deck.")
@options.data
@click.pass_context
def review(context: click.Context, deck: str | None, data: Path | None) -> None:
    """Ask the cards that are due: show the front, a key turns it, 1 to 4 grade it."""
    if context.invoked_subcommand is not None:
        return
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise click.UsageError(
            "this needs a terminal; scripts use `earwitness review due` and `grade`"
        )
    with open_store(data_folder(data)) as store:
        card_faces.freshen(store)
        _session(store, deck)


@review.command()
@click.option("--deck", type=options.Name(), help="Only this deck.")
@click.option("--most", type=click.IntRange(1), help="How many at most.")
@options.output_format("text", "json")
@options.data
def due(deck: str | None, most: int | None, format_: str, data: Path | None) -> None:
    """The cards to ask now, the longest due first."""
    with open_store(data_folder(data)) as store:
        card_faces.freshen(store)
        _list(cards.due(store, deck=deck)[:most], format_, "Nothing is due.")


@review.command(name="list")
@click.option("--deck", type=options.Name(), help="Only this deck.")
@options.output_format("text", "json")
@options.data
def list_(deck: str | None, format_: str, data: Path | None) -> None:
    """All cards, the next due first."""
    with open_store(data_folder(data)) as store:
        card_faces.freshen(store)
        _list(cards.every(store, deck=deck), format_, "No cards yet: earwitness review add --snips")


@review.command()
@click.option("--snip", multiple=True, help="The snip of this id; repeatable.")
@click.option(
    "--snips", "all_snips", is_flag=True, help="Every snip, of an episode where one is named."
)
@click.option("--claim", multiple=True, help="The claim of this id; repeatable.")
@click.option("--claims", "all_claims", is_flag=True, help="Every installed claim.")
@click.option("--chapters", is_flag=True, help="Every chapter of the episode that is named.")
@click.option("--episode", type=options.Name(), help="The episode that is meant.")
@click.option("--front", help="Your own question.")
@click.option("--back", help="The answer to it.")
@click.option(
    "--deck",
    type=options.Name(),
    default="Own",
    show_default=True,
    help="Where your own question goes.",
)
@options.output_format("text", "json")
@options.data
def add(
    *,
    snip: tuple[str, ...],
    all_snips: bool,
    claim: tuple[str, ...],
    all_claims: bool,
    chapters: bool,
    episode: str | None,
    front: str | None,
    back: str | None,
    deck: str,
    format_: str,
    data: Path | None,
) -> None:
    """Make cards from snips, claims, chapters, or your own words."""
    if (front is None) != (back is None):
        raise click.UsageError("a card of your own needs --front and --back")
    if chapters and episode is None:
        raise click.UsageError("--chapters needs --episode")
    if not (snip or all_snips or claim or all_claims or chapters or front):
        raise click.UsageError(
            "name what the cards are made from: --snips, --claims, --chapters, ..."
        )
    with open_store(data_folder(data)) as store:
        bundled.shelve(store)
        _, of_episode = chosen(store, None, episode)
        made = [faces.of_snip(read.find(store, name)) for name in snip]
        if all_snips:
            made += [faces.of_snip(one) for one in read.every(store, episode=of_episode)]
        made += card_faces.of_claims(store, [*claim, *(registry.ids() if all_claims else ())])
        if chapters and of_episode:
            made += card_faces.of_chapters(store, of_episode)
        new, changed = cards.keep(store, made)
        own = cards.add_own(store, front, back, deck) if front and back else None
    ids = [one.id for one in made] + ([own.id] if own else [])
    new += own is not None
    say(
        MadeCardsDocument(cards=tuple(ids), new=new, changed=changed),
        format_,
        lambda made: print(f"{made.new} new, {len(made.cards) - made.new} there already"),
    )


@review.command()
@click.argument("card")
@click.argument("grade", type=click.Choice(GRADES))
@options.output_format("text", "json")
@options.data
def grade(card: str, grade: str, format_: str, data: Path | None) -> None:
    """Write down how well CARD was remembered."""
    with open_store(data_folder(data)) as store:
        found = cards.find(store, card)
        _tell(cards.grade(store, found.id, Grade[grade.upper()]), format_)


@review.command()
@options.output_format("text", "json")
@options.data
def undo(format_: str, data: Path | None) -> None:
    """Take back the newest grade that stands."""
    with open_store(data_folder(data)) as store:
        _tell(cards.undo(store), format_)


@review.command()
@click.argument("card")
@click.option("--off", is_flag=True, help="Ask it again.")
@options.output_format("text", "json")
@options.data
def suspend(card: str, off: bool, format_: str, data: Path | None) -> None:
    """Ask CARD no more, until --off."""
    with open_store(data_folder(data)) as store:
        _tell(cards.suspend(store, card, suspended=not off), format_)


@review.command()
@click.option("--days", type=click.IntRange(1, 366), default=FORECAST_DAYS, show_default=True)
@options.output_format("text", "json")
@options.data
def stats(days: int, format_: str, data: Path | None) -> None:
    """Retention measured against predicted, and what comes due."""
    with open_store(data_folder(data)) as store:
        told = statistics.of(cards.every(store), cards.log(store), _now(), days=days)
    say(told, format_, lambda one: print("\n".join(review_words.statistics(one))))


def _session(store: Store, deck: str | None) -> None:
    """One card after the other until none is due or somebody has had enough."""
    terminal, graded = Console(highlight=False), 0
    while waiting := cards.due(store, deck=deck):
        card = waiting[0]
        terminal.rule(f"[dim]{len(waiting)} due, {escape(words.plain(card.deck))}[/dim]")
        terminal.print(words.plain(card.front), markup=False)
        key = _key(terminal, "any key turns it, u takes the last grade back, q ends")
        if key not in "uq":
            terminal.print()
            terminal.print(words.plain(card.back), markup=False)
            key = _asked(terminal, card)
        if key == "q":
            break
        if key == "u":
            graded -= _taken_back(store, terminal)
            continue
        after = cards.grade(store, card.id, _KEYS[key])
        graded += 1
        terminal.print(f"[dim]again in {review_words.until(after.memory.due - _now())}[/dim]")
    ending = "Nothing more is due." if not waiting else f"{len(waiting)} still due."
    terminal.print(f"{graded} graded. {ending}")


def _asked(terminal: Console, card: Card) -> str:
    """The key of a grade, u or q."""
    told = []
    for key, value in _KEYS.items():
        wait = scheduling.interval(card.memory, value, _now(), seed=f"{card.id}:{card.number + 1}")
        told.append(f"{key} {value.name.lower()} ({review_words.until(wait)})")
    key = ""
    while key not in (*_KEYS, "u", "q"):
        key = _key(terminal, ", ".join(told))
    return key


def _key(terminal: Console, told: str) -> str:
    terminal.print(f"\n[dim]{told}[/dim]")
    return click.getchar().lower() or " "


def _taken_back(store: Store, terminal: Console) -> int:
    try:
        card = cards.undo(store)
    except NoSuchCard as nothing:
        terminal.print(f"[dim]{nothing}[/dim]")
        return 0
    terminal.print(f"[dim]took back the grade of {escape(card.id)}[/dim]")
    return 1


def _list(found: list[Card], format_: str, nothing: str) -> None:
    now = _now()
    document = CardsDocument(cards=tuple(review_words.described(card, now) for card in found))
    say(document, format_, lambda told: _print(told, nothing))


def _print(told: CardsDocument, nothing: str) -> None:
    for card in told.cards:
        first = words.plain(" ".join(card.front.split()))[:60]
        print(f"{card.id:<40}  {_state(card)}  {first}")
    if not told.cards:
        print(nothing)


def _state(card: CardDocument) -> str:
    return "suspended" if card.suspended else f"due {card.due:%Y-%m-%d %H:%M}"


def _tell(card: Card, format_: str) -> None:
    document = review_words.described(card, _now())
    utc = "" if card.suspended else " UTC"
    say(document, format_, lambda one: print(f"{one.id}: {_state(one)}{utc}"))


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
