"""What a description says beside its list of chapters; the chapters are found on their own. Pure.

A time is of the list when a chapter starts there. A line with one such time at its beginning or its
end is a chapter; in running text, the time goes with the title that follows it. All else stays.
"""

import re
from collections.abc import Sequence

from earwitness.library.chapters import NEAR_SECONDS, Chapter
from earwitness.library.reading import clock

_TIME = re.compile(
    r"(?<![\w:./$])[(\[]?(?P<time>\d{1,3}(?::[0-5]\d){1,2})[)\]]?(?![\w:/%])", re.ASCII
)
_EDGES = " \t-–—*•·►▶>#|:,;.…()[]"


def without_chapters(text: str, chapters: Sequence[Chapter]) -> str:
    """The text without the times and titles of these chapters, line by line."""
    lines = (_without(line, chapters) for line in text.splitlines())
    return "\n".join(line for line in lines if line.strip(_EDGES))


def _without(line: str, chapters: Sequence[Chapter]) -> str:
    times = [
        (match, title)
        for match in _TIME.finditer(line)
        if (title := _title_at(clock.seconds(match["time"]) or 0.0, chapters)) is not None
    ]
    if not times:
        return line
    before, after = line[: times[0][0].start()], line[times[-1][0].end() :]
    if len(times) == 1 and not (before.strip(_EDGES) and after.strip(_EDGES)):
        return ""
    kept, last = [], 0
    for match, title in times:
        words = r"\s+".join(map(re.escape, title.split()))
        following = re.compile(rf"[{re.escape(_EDGES)}]*{words}", re.IGNORECASE)
        if found := following.match(line, match.end()):
            kept.append(line[last : match.start()])
            last = found.end()
    return "".join([*kept, line[last:]]).strip()


def _title_at(seconds: float, chapters: Sequence[Chapter]) -> str | None:
    """The chapter that starts there; sources differ by some seconds."""
    nearest = min(chapters, key=lambda one: abs(one.start_seconds - seconds), default=None)
    if nearest is None or abs(nearest.start_seconds - seconds) > NEAR_SECONDS:
        return None
    return nearest.title
