"""The library on a terminal: its documents as tables and lines.

Renders what ``library.listing`` made and reads nothing. Texts are strangers'; what a terminal would
obey is written as an escape.
"""

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from earwitness.library import listed
from earwitness.library.reading import clock, sanitise
from earwitness.report import check_words, console

_PROBLEMS_SHOWN = 5


def plain(text: str) -> str:
    """A text as it may go to a terminal, on one line."""
    return check_words.visible(" ".join(text.split()))


def added(document: listed.AddDocument) -> None:
    """What was added: a line for each show, then what was wrong."""
    for show in document.shows:
        print(
            f"{show.id}: {plain(show.title)}: {len(show.new)} new, {len(show.changed)} changed, "
            f"{show.unchanged} as they were"
        )
        for problem in show.problems[:_PROBLEMS_SHOWN]:
            print(f"  {plain(problem.where)}: {plain(problem.what)}")
        if len(show.problems) > _PROBLEMS_SHOWN:
            print(f"  and {len(show.problems) - _PROBLEMS_SHOWN} more problems")
    for failed in document.failed:
        print(f"not added: {plain(failed.what)}: {plain(failed.problem)}")


def shows(document: listed.ShowsDocument) -> None:
    """A table of shows."""
    table = _table("Show", "Title", "Episodes", "From", "Asked (UTC)")
    for show in document.shows:
        asked = (show.checked_at or "")[:16].replace("T", " ")
        table.add_row(
            Text(show.id, overflow="fold"),
            Text(plain(show.title)),
            str(show.episodes),
            show.source.value,
            asked,
        )
    Console().print(table)


def episodes(rows: tuple[listed.EpisodeRow, ...]) -> None:
    """A table of episodes with the verdicts of their claims."""
    table = _table("Date", "Episode", "Claims")
    table.columns[0].no_wrap = table.columns[2].no_wrap = True
    for row in rows:
        facts = [row.id.rpartition("/")[2], length(row.duration_seconds), *_has(row)]
        below = (", ".join(fact for fact in facts if fact), "dim")
        told = Text.assemble(plain(row.title), "\n", below, overflow="fold")
        table.add_row(row.date or "", told, claims(row))
    Console().print(table)


def episode(document: listed.EpisodeDocument) -> None:
    """An episode in full."""
    terminal = Console(highlight=False)
    row = document.episode
    terminal.print(Text(plain(row.title), style="bold"))
    terminal.print(Text(f"{row.id}, {plain(row.show_title)}"))
    facts = [row.date or "no date", length(row.duration_seconds), *_has(row)]
    terminal.print(Text(", ".join(fact for fact in facts if fact)))
    if row.line:
        terminal.print(Text(f"\n{plain(row.line)}"))
    if row.claims:
        terminal.print(Text.assemble("\n", claims(row)))
    if document.description:
        terminal.print(Text("\n" + plain(sanitise.plain(document.description))))
    _print_chapters(terminal, row)
    _print_lists(terminal, document)


def transcript(document: listed.TranscriptDocument) -> None:
    """A transcript, a line for each segment."""
    for segment in document.segments:
        place = "" if segment.start_seconds is None else f"{clock.stamp(segment.start_seconds)}  "
        speaker = f"{plain(segment.speaker)}: " if segment.speaker else ""
        print(f"{place}{speaker}{plain(segment.text)}")


def synced(document: listed.SyncDocument) -> None:
    """A line for each show that was asked."""
    for show in document.shows:
        if show.problem is not None:
            print(f"{show.show}: not synchronised: {plain(show.problem)}")
            continue
        print(
            f"{show.show}: {len(show.new)} new, {len(show.changed)} changed"
            + (f", {show.documents} documents" if show.documents else "")
            + (f", moved to {plain(show.moved_to)}" if show.moved_to else "")
        )
    if not document.shows:
        print("No show here has a feed. Add one with: earwitness library add URL")


def jobs(document: listed.JobsDocument) -> None:
    """A table of jobs."""
    table = _table("Job", "Of", "State", "Done", "When (UTC)")
    for job in document.jobs:
        state = f"{job.status}: {plain(job.message)}" if job.message else job.status
        when = job.updated_at[:16].replace("T", " ")
        of = Text(plain(job.subject) or "the library", overflow="fold")
        table.add_row(job.kind, of, Text(state), f"{job.done:.0%}", when)
    Console().print(table)


def file(document: listed.FileDocument) -> None:
    """The path of what was written."""
    print(document.path)


def restored(document: listed.FileDocument) -> None:
    """Where the old store is."""
    if document.path is None:
        print("restored")
    else:
        print(f"restored; the store that was there is kept in {document.path}")


def condition(document: listed.CheckDocument) -> None:
    """What is wrong with the store, or that nothing is."""
    for what, complaints in (
        ("damage", document.damage),
        ("rows that belong to nothing", document.dangling),
        ("index", document.indexes),
        ("no longer on the disk: the recording of", document.missing_recordings),
    ):
        for complaint in complaints:
            print(f"{what}: {complaint}")
    print("the store is sound" if document.sound else "the store is not sound")


def removed(document: listed.RemoveDocument) -> None:
    """What is gone."""
    print(f"removed {removal(document)}")


def removal(document: listed.RemoveDocument) -> str:
    """A show and what goes with it, in words."""
    counts = {
        "episode": document.episodes,
        "transcript": document.transcripts,
        "recording": document.recordings,
        "snip": document.snips,
        "card": document.cards,
    }
    said = [f"{count} {name}{'' if count == 1 else 's'}" for name, count in counts.items() if count]
    return f"{document.id} with {', '.join(said) or 'nothing in it'}"


def length(seconds: float | None) -> str:
    """A duration as players show it; empty where it is not known."""
    return "" if seconds is None else clock.stamp(seconds)


def claims(row: listed.EpisodeRow) -> Text:
    """The claims of an episode, each with its verdict on this machine."""
    told = Text()
    for claim in row.claims:
        if told:
            told.append("\n")
        told.append(f"{claim} ")
        told.append_text(console.badge(row.verdicts.get(claim, "not run")))
    return told


def _has(row: listed.EpisodeRow) -> list[str]:
    chapters = [chapter for chapter in row.chapters if chapter.listed]
    return [
        *([f"{len(chapters)} chapters"] if chapters else []),
        *([f"transcript ({row.transcript})"] if row.transcript else []),
        *(["recording"] if row.audio_file else []),
        *([f"{row.snips} snips"] if row.snips else []),
    ]


def _print_chapters(terminal: Console, row: listed.EpisodeRow) -> None:
    if not row.chapters:
        return
    table = _table("At", "Chapter", "From")
    for chapter in row.chapters:
        sources = ", ".join(source.value for source in chapter.sources)
        table.add_row(clock.stamp(chapter.start_seconds), Text(plain(chapter.title)), sources)
    terminal.print(table)


def _print_lists(terminal: Console, document: listed.EpisodeDocument) -> None:
    lists = {
        "Links": [f"{link.url} {link.label}" for link in document.episode.links],
        "People": [f"{person.name} ({person.role})" for person in document.persons],
        "Soundbites": [
            f"{clock.stamp(bite.start_seconds)} {bite.title}" for bite in document.soundbites
        ],
        "Recordings": [one.url for one in document.enclosures],
        "Transcripts offered": [f"{one.type} {one.url}" for one in document.transcripts_offered],
        "Transcripts here": [
            f"{one.source}: {one.format}, {one.origin or 'origin unknown'}"
            + (" (shown)" if one.chosen else "")
            for one in document.transcripts
        ],
        "Jobs": [f"{job.kind}: {job.status} {job.done:.0%}" for job in document.jobs],
    }
    for title, lines in lists.items():
        if lines:
            terminal.print(Text(title, style="bold"))
            for line in lines:
                terminal.print(Text(f"  {plain(line)}"), soft_wrap=True)


def _table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    for column in columns:
        table.add_column(column)
    return table
