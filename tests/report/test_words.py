import datetime as dt
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from earwitness.experiment.design import AtLeast, AtMost, Within
from earwitness.experiment.verdict import Dissent, Verdict
from earwitness.report import words
from tests.report import samples

TIMES = words.TIMES


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (50.98, "x", f"51{TIMES}"),
        (0.2399, "x", f"0.24{TIMES}"),
        (303.0, "locks", "303 locks"),
        (3003.0, "locks", "3003 locks"),
        (1.0, "locks", "1 lock"),
        (1.0, "queries", "1 query"),
        (1.0, "flushes", "1 flush"),
        (1.0, "ms", "1 ms"),
        (4.1, "ms", "4.1 ms"),
        (-3.25, "ms", f"{words.MINUS}3.25 ms"),
        (99.96, "ms", "100 ms"),
        (999.6, "TPS", "1000 TPS"),
        (12345.6, "TPS", "12,300 TPS"),
        (12345.0, "TPS", "12,345 TPS"),
        (0.00041, "s", "410 \N{MICRO SIGN}s"),
        (0.9999, "s", "1 s"),
        (0.0, "s", "0 s"),
        (9000.0, "B", "9000 B"),
        (32_768_000.0, "B", "32.8 MB"),
        (0.475, "share", "47.5 %"),
        (0.0, "share", "0 %"),
        (0.3, "share points", "30 points"),
        (-0.05, "share points", "\N{MINUS SIGN}5 points"),
        (0.0, "share points", "0 points"),
        (1.0, "points", "1 point"),
        (1.0, "", "1"),
        (0.0000123, "", "1.23e-5"),
        (None, "ms", words.NOTHING),
    ],
)
def test_numbers(value, unit, said):
    assert words.number(value, unit) == said


@given(st.floats(min_value=1e-300, max_value=1e300))
def test_three_digits_are_kept_and_no_more(value):
    said = words.digits(value).replace(",", "")
    assert math.isclose(float(said), value, rel_tol=0.0051)
    if not (value.is_integer() and value < 100_000):
        mantissa = said.partition("e")[0].replace(".", "").strip("0")
        assert len(mantissa) <= 3


@given(st.floats(min_value=1e-3, max_value=1e6), st.floats(1.0, 2.0), st.floats(1.0, 2.0))
def test_a_rounded_effect_stays_in_its_rounded_interval(effect, below, above):
    ends = (
        words.interval((effect / below, effect * above), "x", like=effect).strip("[]").split(", ")
    )
    low, high = (float(end.replace(",", "")) for end in ends)
    assert low <= float(words.digits(effect, counted=False).replace(",", "")) <= high


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_every_number_can_be_said(value):
    assert words.digits(value)
    assert words.number(value, "s")
    assert words.number(value, "share")


@pytest.mark.parametrize(
    ("ends", "unit", "said"),
    [
        ((50.48, 51.62), "x", "[50.5, 51.6]"),
        ((1124.0, 1350.0), "x", "[1120, 1350]"),
        ((12_000.0, 13_000.0), "locks", "[12,000, 13,000]"),
        ((3.2, None), "x", f"at least 3.2{TIMES}"),
        ((None, 1.8), "ms", "at most 1.8 ms"),
        ((None, None), "ms", ""),
    ],
)
def test_intervals(ends, unit, said):
    assert words.interval(ends, unit) == said


def test_an_interval_is_in_the_unit_of_its_effect():
    assert words.interval((0.0009, 1.2), "s", like=0.5) == "[0.9, 1200]"


@pytest.mark.parametrize(
    ("criterion", "said"),
    [
        (AtLeast(10), f"at least 10{TIMES}"),
        (AtMost(1.2), f"at most 1.2{TIMES}"),
        (Within(0.9, 1.1), f"between 0.9{TIMES} and 1.1{TIMES}"),
        (Within(1.0, 1.0), f"exactly 1{TIMES}"),
    ],
)
def test_criteria(criterion, said):
    assert words.criterion(criterion, "x") == said


def test_measured_and_exact_results():
    run = samples.supported()
    assert words.measured(run.hypotheses[0]) == f"51{TIMES} [50.5, 51.6]"
    assert words.measured(run.hypotheses[1]) == "303 locks in 12 of 12 blocks"
    assert words.measured(run.hypotheses[2]) == f"1.32{TIMES} (at most 1.8{TIMES})"
    dissenting = samples.mixed().hypotheses[2]
    assert words.measured(dissenting) == "32.8 MB, as asked in 0 of 20 blocks"
    assert words.dissents(dissenting) == "block 0: 32.8 MB; block 7: 32.8 MB"


def test_blocks_that_are_said_alike_are_not_said_as_a_range():
    pages = {"inference": "exact", "unit": "x", "blocks": 12, "agreeing": 12, "effect": 3.0}
    alike = samples.result("pages", Verdict.SUPPORTED, interval=(2.999, 3.001), **pages)
    assert words.measured(alike) == f"3{TIMES} in 12 of 12 blocks"
    apart = samples.result("pages", Verdict.SUPPORTED, interval=(2.9, 3.1), **pages)
    assert words.measured(apart) == f"3{TIMES} [2.9, 3.1] in 12 of 12 blocks"


def test_a_count_is_said_as_a_part_of_its_whole():
    counted = {"inference": "exact", "unit": "locks", "blocks": 3, "agreeing": 3}
    shared = samples.result("shared", Verdict.SUPPORTED, effect=239.0, whole=303.0, **counted)
    none = samples.result("none", Verdict.SUPPORTED, effect=0.0, whole=6.0, **counted)
    assert words.measured(shared) == "239 of 303 locks in 3 of 3 blocks"
    assert words.effect(none) == "0 of 6 locks"


def test_a_result_without_a_number_is_not_measured():
    blank = samples.result("blank", Verdict.INCONCLUSIVE, reason="no block was complete")
    assert words.measured(blank) == "not measured"
    assert words.effect(blank) == words.NOTHING
    assert words.sentence(blank) == "Inconclusive: no block was complete."


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (samples.supported(), f"Supported: 51{TIMES} [50.5, 51.6], asked for at least 10{TIMES}."),
        (
            samples.mixed(),
            f"Mixed; the headline is supported: 101{TIMES} [96.2, 108], asked for at least 3{TIMES}.",
        ),
        (
            samples.inconclusive(),
            f"Inconclusive: 6.42 ms [{words.MINUS}2.1, 15.2], asked for at most 10 ms. "
            "This condition did not hold: the load generator uses less than 80 % of its core.",
        ),
        (samples.unavailable(), "Unavailable: nginx is not installed."),
        (samples.interrupted(), "Interrupted before there was a verdict."),
    ],
    ids=lambda value: getattr(value, "claim", ""),
)
def test_headlines(document, said):
    assert words.headline(document) == said


def test_the_headline_of_a_depth_that_does_not_test_it():
    run = samples.run("c", Verdict.INCONCLUSIVE, ())
    assert words.headline(run) == "Inconclusive: depth study does not test the headline."


def test_states_have_symbols():
    states = {words.state(run) for run in samples.runs()} | {words.state(None)}
    states |= {verdict.value for verdict in Verdict} | {"running", "failed"}
    assert all(len(words.symbol(state)) == 1 for state in states)
    assert words.state(samples.interrupted()) == "interrupted"


def test_comparisons_name_arm_and_reference():
    run = samples.supported()
    said = words.comparison(run.hypotheses[0], run)
    assert said == (
        "p99 latency: 119 ms (100 partitions, key not named) against 2.26 ms (1 partition)"
    )
    bare = replace(run, experiments=())
    assert words.comparison(run.hypotheses[0], bare) == "p99: p100 against p1"


def test_remedies():
    assert words.remedy_seen(samples.supported()).startswith("Seen working here: 1.03")
    assert words.remedy_seen(samples.mixed()) == "Not tested at depth study."
    failed = samples.result("keyed", Verdict.REFUTED, effect=9.0, interval=(8.0, 9.5))
    assert words.remedy_seen(samples.run("c", Verdict.REFUTED, (failed,))).startswith(
        "Did not work here: 9"
    )


def test_predictions():
    near, ranged = samples.supported().predictions
    assert words.prediction(near) == "off by a factor of 17"
    assert words.prediction(ranged) == "in the stated range, off by a factor of 1.06"


def test_a_surprise_fills_in_two_names_and_no_more():
    result = samples.supported().hypotheses[0]
    text = "{effect} {interval} {result.__class__} {0} {"
    assert words.surprise(text, result) == f"51{TIMES} [50.5, 51.6] {{result.__class__}} {{0}} {{"


def test_dissents_are_empty_without_any():
    result = samples.result(
        "x", Verdict.REFUTED, unit="locks", dissents=(Dissent(block=3, value=304),)
    )
    assert words.dissents(result) == "block 3: 304 locks"
    assert words.dissents(samples.supported().hypotheses[0]) == ""


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.45, "450 ms"), (4.12, "4.12 s"), (59.7, "1 min"), (2040, "34 min"), (3840, "1 h 4 min")],
)
def test_durations(seconds, said):
    assert words.duration(seconds) == said


def test_times():
    assert words.clock(450) == "7:30"
    assert words.clock(3725) == "1:02:05"
    assert words.date(dt.date(2023, 6, 24)) == "24 June 2023"
    east = dt.timezone(dt.timedelta(hours=3))
    assert words.moment(dt.datetime(2023, 6, 24, 1, 5, tzinfo=east)) == "23 June 2023, 22:05 UTC"


def test_the_machine_in_one_line():
    assert words.machine(samples.MACHINE) == "AMD EPYC 9B14, 2 cores, 16 GiB memory, Linux 6.1.0"
    assert words.machine({"cores": "1"}) == "1 core"
    assert words.machine({}) == "machine not recorded"


@pytest.mark.parametrize(
    ("strange", "plain"),
    [
        ("\x1b[31mred\x1b[0m", "[31mred[0m"),
        ("\x1b]0;title\x07text", "]0;titletext"),
        ("\x9b2Jgone", "2Jgone"),
        ("one\r\ntwo\n", "one\ntwo\n"),
        ("one\ttwo", "one two"),
        ("\x7fbell\x00\x08", "bell"),
        ("fünf – 五 🎧 e\u0301", "fünf – 五 🎧 e\u0301"),
    ],
)
def test_texts_of_strangers_lose_control_characters_but_newlines(strange, plain):
    assert words.plain(strange) == plain
