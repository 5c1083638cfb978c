"""What somebody at a terminal sees: the list, the question before the run, the verdict after it."""

import os
import pty
import select
import time

PATIENCE_SECONDS = 60


def at_a_terminal(earwitness, *arguments, answers=()):
    """Everything that was written to a terminal while ``answers`` were typed at the questions."""
    pid, terminal = pty.fork()
    if pid == 0:
        command = earwitness.command(*arguments)
        os.execvpe(command[0], command, earwitness.environment | {"TERM": "xterm"})
    seen, asked, waiting = b"", 0, list(answers)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if not select.select([terminal], [], [], 0.2)[0]:
            continue
        try:
            seen += os.read(terminal, 65536)
        except OSError:  # Linux says so at the end of the other side
            break
        if seen.count(b"Enter skips") > asked:
            asked += 1
            os.write(terminal, waiting.pop(0).encode() + b"\n" if waiting else b"\n")
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    return os.waitstatus_to_exitcode(status), seen.decode()


def test_it_asks_before_the_run_and_scores_after_it(earwitness):
    code, seen = at_a_terminal(earwitness, "run", "sorted-input", answers=["fast", "4x"])
    assert code == 0
    assert "How many times the comparisons does shuffled input need?" in seen
    assert "is no prediction; write 3x" in seen
    assert "WebTransport" in seen.split("Enter skips")[0]  # the episodes are there at once
    assert "comparisons: 4x; off by a factor of" in seen
    assert seen.index("Enter skips") < seen.index("supported")


def test_enter_skips_and_no_input_does_not_ask(earwitness):
    code, seen = at_a_terminal(earwitness, "run", "sorted-input", answers=[""])
    assert code == 0 and "off by" not in seen and "supported" in seen
    code, seen = at_a_terminal(earwitness, "run", "sorted-input", "--no-input")
    assert code == 0 and "Enter skips" not in seen


def test_a_document_is_not_mixed_with_a_live_list(earwitness):
    code, seen = at_a_terminal(earwitness, "run", "sorted-input", "--format", "json")
    assert code == 0 and "Enter skips" not in seen
    assert '"schema": "earwitness/run/1"' in seen and "WebTransport" not in seen
