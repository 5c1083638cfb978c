"""A run on a terminal: whole, with what its numbers are of, at whatever width."""

import pytest
from msgspec.structs import replace
from rich.console import Console

from earwitness.experiment.verdict import GateResult, Verdict
from earwitness.report import console, words
from tests.report import samples

LONG_UNIT = "sessions more than that"


def shown(run, width):
    terminal = Console(width=width, color_system=None)
    with terminal.capture() as capture:
        terminal.print(console.run_detail(run, width))
    return capture.get()


def flat(text):
    return " ".join(text.split())


@pytest.mark.parametrize("width", [40, 80, 120])
def test_nothing_is_cut_off(width):
    long = "max_locks_per_transaction"
    first = samples.result(
        "remedy-partitions-burst",
        Verdict.SUPPORTED,
        statement=f"PostgreSQL with {long} at 1024 keeps the locks out of the shared table",
        unit=LONG_UNIT,
        effect=6.0,
        interval=(6.0, 6.0),
        inference="exact",
        blocks=3,
        agreeing=3,
    )
    seen = shown(samples.run("c", Verdict.SUPPORTED, (first,)), width)
    assert "…" not in seen
    assert max(map(len, seen.splitlines())) <= width
    assert f"6 {LONG_UNIT} in 3 of 3 blocks" in flat(seen)
    assert all(whole in "".join(seen.split()) for whole in (first.id, long))


def test_the_first_lines_say_what_was_compared_on_what():
    run = samples.supported()
    seen = flat(shown(run, 80))
    comparison = words.as_sentence(words.comparison(run.hypotheses[0], run))
    before_the_list = seen[: seen.index(words.outcome(run.hypotheses[0]) + " ")]
    assert words.as_sentence(run.hypotheses[0].statement) in seen
    assert comparison in seen and words.machine(run.environment) in seen
    assert before_the_list.index(run.title) == 0


def test_a_waterfall_says_what_each_step_adds():
    run = samples.mixed()
    steps = [line for line in shown(run, 80).splitlines() if "+" in line and " ms" in line]
    assert steps, "the sample has a waterfall in milliseconds"
    assert all(line.rstrip().endswith("ms") for line in steps)


def test_no_number_is_parted_from_its_unit():
    result = samples.result(
        "bytes",
        Verdict.SUPPORTED,
        statement="The bytes that are forecast from a sample of the table are within 2 % of those sent",
        effect=3.0,
        interval=(2.0, 4.0),
    )
    run = samples.run("c", Verdict.SUPPORTED, (result,))
    for width in range(40, 121):
        assert not any(line.lstrip().startswith("%") for line in shown(run, width).splitlines())


def test_a_failed_gate_is_not_hidden_by_one_of_the_same_name_elsewhere():
    failed = GateResult(id="in-memory", statement="all in memory", passed=False, observed=7.0)
    held = replace(failed, passed=True, observed=0.0)
    results = (
        samples.result("one", Verdict.INCONCLUSIVE, experiment="path", gates=(failed,)),
        samples.result("two", Verdict.SUPPORTED, experiment="storage", gates=(held,), effect=12.0),
    )
    seen = shown(samples.run("c", Verdict.INCONCLUSIVE, results), 80)
    assert "path: failed: all in memory (observed 7)" in seen


def test_what_an_interrupted_run_left_out_is_counted():
    nothing = samples.result("one", Verdict.INCONCLUSIVE)
    some = samples.result("two", Verdict.SUPPORTED, effect=12.0, interval=(11.0, 13.0))
    run = replace(samples.run("c", Verdict.INCONCLUSIVE, (some, nothing)), status="interrupted")
    seen = flat(shown(run, 80))
    assert "1 hypothesis not measured" in seen
    assert "claim, two" in seen and "claim, one" not in seen
