"""Times as people and programs write them: places in an episode, lengths, and days.

Feeds, tags, show notes and transcripts share these. What cannot be understood is None; whether that
is worth a word is for the reader to say.
"""

import datetime as dt
import email.utils
import re

LONGEST_SECONDS = 7 * 24 * 3600.0
"""A week: what claims to be longer is a mistake or an attack; the longest broadcasts take days."""

_CLOCK = re.compile(r"(?:(\d{1,4}):)?(\d{1,5}):(\d{1,2}(?:[.,]\d{1,9})?)", re.ASCII)
_SECONDS = re.compile(r"\d{1,9}(?:\.\d{1,9})?", re.ASCII)
_WORDS = re.compile(
    r"(?:(\d{1,3}) ?(?:h|hrs?|hours?)\b)?[ ,]*"
    r"(?:(\d{1,5}) ?(?:m|mins?|minutes?)\b)?[ ,]*"
    r"(?:(\d{1,6}) ?(?:s|secs?|seconds?)\b)?",
    re.ASCII | re.IGNORECASE,
)
_ISO = re.compile(
    r"PT?(?:(\d{1,3})H)?(?:(\d{1,5})M)?(?:(\d{1,6}(?:\.\d{1,9})?)S)?", re.ASCII | re.IGNORECASE
)
_ISO_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:[T ]+(\d\d:\d\d(?::\d\d)?)(?:\.\d+)?\s*(\S*))?")
_WEEKDAY = re.compile(r"^\s*[^\W\d]+\.?,?\s+(?=\d)")
_OFFSET = re.compile(r"([+-])(\d\d):(\d\d)\s*$")
_NAMED_MONTH = re.compile(r"([A-Z][a-z]{2})[a-z]*\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})")
_MONTHS = {
    name: f"{number:02}"
    for number, name in enumerate(
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"], 1
    )
}
_USUAL_DATE = re.compile(
    r"(?:[A-Z][a-z]{2}, )?(\d{1,2}) ([A-Z][a-z]{2}) (\d{4})"
    r" ((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d) ([+-]\d{4}|[A-Z]{3,4})",
    re.ASCII,
)
"""What nearly all feeds have; the standard library takes ten times as long for any form."""
_ZONES = {
    "GMT": "+0000",
    "UTC": "+0000",
    "EST": "-0500",
    "EDT": "-0400",
    "CST": "-0600",
    "CDT": "-0500",
    "MST": "-0700",
    "MDT": "-0600",
    "PST": "-0800",
    "PDT": "-0700",
    "CET": "+0100",
    "CEST": "+0200",
    "BST": "+0100",
    "IST": "+0530",
    "JST": "+0900",
    "AEST": "+1000",
    "AEDT": "+1100",
}
"""Those of RFC 822, and others that feeds use; each has one common meaning."""


def seconds(text: str) -> float | None:
    """``1:02:03``, ``34:12``, ``2052``, ``34min``, ``1h 5min`` or ``PT34M12S`` in seconds."""
    text = text.strip()
    if match := _CLOCK.fullmatch(text):
        hours, minutes, rest = match.groups()
        return _bounded(int(hours or 0) * 3600 + int(minutes) * 60 + float(rest.replace(",", ".")))
    if _SECONDS.fullmatch(text):
        return _bounded(float(text))
    match = _WORDS.fullmatch(text) or _ISO.fullmatch(text)
    if match and any(match.groups()):
        hours, minutes, rest = match.groups()
        return _bounded(int(hours or 0) * 3600 + int(minutes or 0) * 60 + float(rest or 0))
    return None


def stamp(value: float) -> str:
    """Seconds as ``1:02:03`` or ``34:12``."""
    minutes, rest = divmod(int(value), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def date(text: str) -> str | None:
    """A day or a moment as ISO 8601; moments in UTC. RFC 822, ISO 8601, ``May 25, 2023``."""
    try:
        if usual := _USUAL_DATE.fullmatch(text):
            return _usual(*usual.groups()) or _rfc822(text)
        text = " ".join(text.split())
        return _iso(text) or _named_month(text) or _rfc822(text)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


def _usual(day: str, month: str, year: str, time: str, zone: str) -> str | None:
    """The moment that the parts of a usual date name; None where month or zone is an unknown one."""
    offset, number = _ZONES.get(zone, zone), _MONTHS.get(month)
    if number is None or offset[0] not in "+-":
        return None
    moment = f"{year}-{number}-{day:0>2}T{time}{offset[:3]}:{offset[3:]}"
    utc = dt.datetime.fromisoformat(moment)  # raises for a day that is none
    return moment if offset == "+0000" else _utc(utc)


def _iso(text: str) -> str | None:
    match = _ISO_DATE.fullmatch(text)
    if match is None:
        return None
    year, month, day, time, zone = match.groups()
    if time is None:
        return dt.date(int(year), int(month), int(day)).isoformat()
    offset = "+00:00" if zone.upper() in {"", "Z", "UTC", "GMT"} else zone
    return _moment(f"{year}-{month}-{day}T{time}{offset}")


def _named_month(text: str) -> str | None:
    match = _NAMED_MONTH.fullmatch(text)
    if match is None or match[1] not in _MONTHS:
        return None
    return dt.date(int(match[3]), int(_MONTHS[match[1]]), int(match[2])).isoformat()


def _rfc822(text: str) -> str | None:
    text = _OFFSET.sub(r"\1\2\3", _WEEKDAY.sub("", text))
    head, _, zone = text.rpartition(" ")
    if zone.upper() in _ZONES:
        text = f"{head} {_ZONES[zone.upper()]}"
    parsed = email.utils.parsedate_tz(text)
    if parsed is None or parsed[0] < 1900:
        return None
    year, month, day, hour, minute, second, *_, offset = parsed
    moment = dt.datetime(year, month, day, tzinfo=dt.UTC)
    # added up, because feeds have minutes and hours like 24:00:60 that datetime refuses
    moment += dt.timedelta(hours=hour, minutes=minute, seconds=second - (offset or 0))
    return _utc(moment)


def _moment(text: str) -> str:
    return _utc(dt.datetime.fromisoformat(text))


def _utc(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).isoformat(timespec="seconds")


def _bounded(value: float) -> float | None:
    return value if value <= LONGEST_SECONDS else None
