"""Nothing is left behind and nothing acknowledged is lost, whoever is killed and how."""

import contextlib
import json
import os
import re
import signal
import time

import psutil
import pytest

from earwitness.servers import workspace

LEAVE_SECONDS = 2.0
"""Within this time everything that ran must be gone."""


def children_of(line):
    """The server's process id, as its bench announced it."""
    return int(re.search(r"sleep (\d+) ready", line)[1])


def start_slow(earwitness):
    """A run that goes on for a while; returns it with the ids of its worker and its server."""
    run = earwitness.start("run", "trouble-slow")
    for line in run.stderr:
        if "ready" in line:
            server = children_of(line)
            break
    else:
        pytest.fail("the run ended before its server was ready")
    worker = next(
        child
        for child in psutil.Process(run.pid).children()
        if "earwitness.worker" in child.cmdline()
    )
    time.sleep(0.5)  # let some trials happen
    return run, worker, psutil.Process(server)


def gone(process, within=LEAVE_SECONDS):
    with contextlib.suppress(psutil.NoSuchProcess):
        process.wait(within)
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def left_behind():
    root = workspace.default_root()
    return sorted(p.name for p in root.iterdir() if p.is_dir()) if root.exists() else []


def the_record(earwitness):
    return json.loads(earwitness("runs", "list", "--format", "json").stdout)[0]


def observed(earwitness):
    document = json.loads(earwitness("runs", "export", "latest").stdout)
    return document, len(document["trials"])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_polite_end_closes_everything_and_keeps_what_was_seen(earwitness, number):
    run, worker, server = start_slow(earwitness)
    run.send_signal(number)
    assert run.wait(10) == 130
    assert "what was observed is kept" in run.stderr.read()
    assert gone(worker) and gone(server)
    assert left_behind() == []
    assert the_record(earwitness)["status"] == "interrupted"
    document, trials = observed(earwitness)
    assert trials >= 3
    assert document["hypotheses"][0]["blocks"] == trials


def test_sigkill_of_the_command_line_ends_all_of_it(earwitness):
    run, worker, server = start_slow(earwitness)
    run.kill()
    run.wait(10)
    assert gone(worker) and gone(server)
    assert left_behind() == []
    assert the_record(earwitness)["status"] == "interrupted"
    assert observed(earwitness)[1] >= 3


def test_sigkill_of_the_worker_ends_its_server_and_fails_the_run(earwitness):
    run, worker, server = start_slow(earwitness)
    worker.kill()
    assert run.wait(10) == 2
    assert gone(server)
    assert the_record(earwitness)["status"] == "failed"
    assert observed(earwitness)[1] >= 3
    earwitness("run", "sorted-input", "--format", "json")  # the next start sweeps up
    assert left_behind() == []


def test_sigkill_of_both_leaves_no_process_and_the_next_start_sweeps_up(earwitness):
    run, worker, server = start_slow(earwitness)
    for process in (worker, run):
        process.kill()
    run.wait(10)
    assert gone(worker) and gone(server)
    earwitness("run", "sorted-input", "--format", "json")
    assert left_behind() == []


def test_a_stopped_worker_is_ended_by_force(earwitness):
    run, worker, server = start_slow(earwitness)
    worker.suspend()
    run.send_signal(signal.SIGINT)
    assert run.wait(15) == 130
    assert gone(worker) and gone(server)
    earwitness("run", "sorted-input", "--format", "json")
    assert left_behind() == []


def test_two_runs_take_turns_and_the_second_says_for_whom_it_waits(earwitness):
    first, _, _ = start_slow(earwitness)
    second = earwitness.start("run", "sorted-input", "--format", "json")
    waiting = second.stderr.readline()
    assert "waiting for trouble-slow-" in waiting
    first.send_signal(signal.SIGINT)
    first.wait(10)
    output, _ = second.communicate(timeout=30)
    assert json.loads(output)["verdict"] == "supported"


def test_somebody_who_waits_can_be_interrupted(earwitness):
    first, _, _ = start_slow(earwitness)
    second = earwitness.start("run", "sorted-input")
    assert "waiting for" in second.stderr.readline()
    second.send_signal(signal.SIGINT)
    assert second.wait(10) == 130
    first.send_signal(signal.SIGINT)
    first.wait(10)


def test_a_reader_that_closes_early_is_no_error(earwitness):
    earwitness("run", "sorted-input", "--format", "json")
    export = earwitness.start("runs", "export", "latest", bufsize=0)
    os.read(export.stdout.fileno(), 1)
    export.stdout.close()
    assert export.wait(20) in (0, -signal.SIGPIPE)
    assert "Traceback" not in export.stderr.read()
