import contextlib
import json
import os
import pty
import select
import signal
import termios
import time

import pytest

PATIENCE_SECONDS = 60


def told(done):
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def due(earwitness):
    return told(earwitness("review", "due", "--format", "json"))["cards"]


@pytest.fixture
def cards(earwitness):
    """A card of one's own, of a claim, and of a snip."""
    earwitness("snip", "select-star", "7:30", "--note", "why?")
    added = ("--snips", "--claim", "select-star", "--front", "Two and two?", "--back", "Four.")
    done = told(earwitness("review", "add", *added, "--format", "json"))
    assert done["new"] == 3
    return done["cards"]


def test_cards_say_what_they_are_made_from(earwitness, cards):
    by_kind = {card["kind"]: card for card in due(earwitness)}
    assert "Predict:" in by_kind["claim"]["front"]
    assert "earwitness run select-star" in by_kind["claim"]["back"]
    assert by_kind["snip"]["back"] == "why?"
    earwitness("snips", "edit", "latest", "--note", "because")
    assert "because" in [card["back"] for card in due(earwitness)]
    again = told(
        earwitness("review", "add", "--snips", "--claim", "select-star", "--format", "json")
    )
    assert again["new"] == 0


def test_chapters_are_answered_from_the_field_notes(earwitness):
    added = ("review", "add", "--chapters", "--episode", "select-star", "--format", "json")
    assert told(earwitness(*added))["new"] == 8
    backs = {card["id"].rpartition("@")[2]: card["back"] for card in due(earwitness)}
    assert "8 kB" in backs["109"]


def test_grade_undo_suspend_and_statistics_from_a_script(earwitness, cards):
    own = next(id for id in cards if id.startswith("own:"))
    graded = told(earwitness("review", "grade", own, "easy", "--format", "json"))
    assert graded["number"] == 1 and graded["stability"] > 0
    assert len(due(earwitness)) == 2
    stats = told(earwitness("review", "stats", "--format", "json"))
    assert (stats["cards"], stats["due"], stats["graded"], stats["easy"]) == (3, 2, 1, 1)
    assert "comes due" in earwitness("review", "stats").stdout
    assert told(earwitness("review", "undo", "--format", "json"))["stability"] is None
    assert len(due(earwitness)) == 3
    told(earwitness("review", "suspend", own, "--format", "json"))
    assert len(due(earwitness)) == 2
    told(earwitness("review", "suspend", own, "--off", "--format", "json"))
    assert len(due(earwitness)) == 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("undo",), "no grade"),
        (("grade", "own:x", "good"), "no card"),
        (("grade", "own:x", "great"), "great"),
        (("add",), "name what"),
        (("add", "--front", "Q"), "--back"),
        (("add", "--chapters"), "--episode"),
        (("add", "--claim", "nope"), "no claim"),
        (("add", "--snip", "nope"), "no snip"),
        ((), "needs a terminal"),
    ],
)
def test_misuse_is_said_in_words(earwitness, arguments, said):
    done = earwitness("review", *arguments)
    assert done.returncode == 2 and said in done.stderr and "Traceback" not in done.stderr


PROMPTS = (b"any key turns it", b"1 again (")


@contextlib.contextmanager
def session(earwitness):
    """``earwitness review`` on a terminal; gives its process id and a function that presses a key.

    The function waits until a key is asked for, and returns what was shown so far; with an empty
    key it waits for the end.
    """
    pid, terminal = pty.fork()
    if pid == 0:
        command = earwitness.command("review")
        os.execvpe(command[0], command, earwitness.environment | {"TERM": "xterm"})
    seen, pressed = bytearray(), 0

    def asks():
        # keys that are typed before the terminal hands them on one by one are thrown away
        by_line = termios.tcgetattr(terminal)[3] & termios.ICANON
        return not by_line and sum(seen.count(prompt) for prompt in PROMPTS) > pressed

    def press(key):
        nonlocal pressed
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not (key and asks()):
            assert time.monotonic() < deadline, seen.decode()
            if select.select([terminal], [], [], 0.05)[0]:
                try:
                    seen.extend(os.read(terminal, 65536))
                except OSError:  # Linux says so at the end of the other side
                    break
        else:
            os.write(terminal, key.encode())
            pressed += 1
        return seen.decode()

    try:
        yield pid, press
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, 0)
        os.close(terminal)


def test_a_session_turns_grades_takes_back_and_ends(earwitness, cards):
    with session(earwitness) as (pid, press):
        for key in (" ", "4", "u", " ", "4", " ", "q"):
            press(key)
        seen = press("")
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert "4 easy (" in seen and "took back the grade" in seen
    assert "1 graded. 2 still due." in seen
    assert len(due(earwitness)) == 2


def test_what_was_graded_before_a_kill_is_kept(earwitness, cards):
    with session(earwitness) as (pid, press):
        press(" ")
        press("4")
        press(" ")  # asked for: the grade before it was acknowledged
        os.kill(pid, signal.SIGKILL)
    assert len(due(earwitness)) == 2
    assert told(earwitness("review", "stats", "--format", "json"))["graded"] == 1
