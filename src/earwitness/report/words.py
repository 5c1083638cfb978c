"""How verdicts, results and runs are said; the same in every format.

Pure functions from values to plain text. No markup, no colour, no width of a terminal, and no
clock: what is now, the caller knows. Numbers and times are said by ``quantities``, and offered
from here as well.
"""

import math
from collections.abc import Mapping

from earwitness.check.wording import count
from earwitness.experiment.contrast import ANSWER_UNIT
from earwitness.experiment.prediction import Score
from earwitness.experiment.verdict import GateResult, HypothesisResult, Verdict
from earwitness.report import series
from earwitness.report.document import ExperimentDocument, PredictionDocument, RunDocument
from earwitness.report.quantities import (
    MINUS,
    NOTHING,
    TIMES,
    clock,
    criterion,
    date,
    digits,
    duration,
    interval,
    moment,
    number,
    percent,
)

__all__ = [
    "MINUS",
    "NOTHING",
    "TIMES",
    "added",
    "as_sentence",
    "blocks",
    "clock",
    "comparison",
    "count",
    "criterion",
    "date",
    "digits",
    "dissents",
    "duration",
    "effect",
    "effect_interval",
    "ending",
    "gate",
    "headline",
    "interval",
    "machine",
    "measured",
    "moment",
    "number",
    "outcome",
    "percent",
    "plain",
    "prediction",
    "remedy_seen",
    "replay_command",
    "rerun_command",
    "sentence",
    "state",
    "surprise",
    "symbol",
    "threshold",
]

_SYMBOLS: Mapping[str, str] = {
    "supported": "\N{CHECK MARK}",
    "refuted": "\N{BALLOT X}",
    "mixed": "\N{CIRCLE WITH LEFT HALF BLACK}",
    "inconclusive": "?",
    "unavailable": "\N{CIRCLED DIVISION SLASH}",
    "running": "\N{HORIZONTAL ELLIPSIS}",
    "interrupted": "!",
    "failed": "!",
    "no experiment yet": "\N{WHITE CIRCLE}",
}

_ENDINGS: Mapping[str, str] = {
    "decided": "stopped when every hypothesis was decided",
    "condition failed": "stopped because a condition had failed that no further block could mend",
    "complete": "all planned blocks done",
    "budget": "stopped when the time budget was used up",
}


def effect(result: HypothesisResult) -> str:
    """The effect with its unit, and what it is a part of; an en dash when nothing was measured."""
    if result.effect is None or result.whole is None:
        return number(result.effect, result.unit)
    return f"{digits(result.effect)} of {number(result.whole, result.unit)}"


def effect_interval(result: HypothesisResult) -> str:
    """The interval of a result beside its effect: ``[50.5, 51.6]``, ``(at least 3.2x)``.

    Empty when there is none, or when all blocks of an exact result agree, as far as they are said.
    """
    low, high = result.interval
    if result.inference == "exact" and number(low, result.unit) == number(high, result.unit):
        return ""
    ends = interval(result.interval, result.unit, like=result.effect)
    return f"({ends})" if ends and None in (low, high) else ends


def measured(result: HypothesisResult) -> str:
    """Effect and interval together: ``51x [50.5, 51.6]``, ``51x (at least 3.2x)``.

    An exact result says in how many blocks it was seen: ``303 locks in 5 of 5 blocks``.
    """
    if result.effect is None:
        return "not measured"
    said = f"{effect(result)} {effect_interval(result)}".rstrip()
    if result.inference != "exact" or result.agreeing is None:
        return said
    if result.agreeing == result.blocks:
        return f"{said} in {result.agreeing} of {count(result.blocks, 'block')}"
    return f"{said}, as asked in {result.agreeing} of {count(result.blocks, 'block')}"


def outcome(result: HypothesisResult) -> str:
    """What was measured and what was asked for, after a verdict: ``51x, asked for at least 10x``.

    An answer is said as an agreement with the statement: a bare no would seem to contradict it.
    """
    if result.effect is None:
        return measured(result)
    decided = result.verdict in (Verdict.SUPPORTED, Verdict.REFUTED)
    if decided and result.unit == ANSWER_UNIT and result.agreeing is not None:
        return f"so in {result.agreeing} of {count(result.blocks, 'block')}"
    return f"{measured(result)}, asked for {threshold(result)}"


def added(now: float, before: float, unit: str) -> str:
    """What a step adds to the one before it: ``+3.5 ms``; with a minus sign when it takes away."""
    return f"{'+' if now >= before else ''}{number(now - before, unit)}"


def threshold(result: HypothesisResult) -> str:
    """What the hypothesis asks for: ``at least 10x``, ``between 0.9x and 1.1x``."""
    return criterion(result.criterion, result.unit)


# Texts of strangers.

_CONTROLS = dict.fromkeys({*range(0x20), *range(0x7F, 0xA0)} - {ord("\n")}, None)
_SEPARATORS = dict.fromkeys((0x09, 0x0B, 0x0C, 0x85), " ")


def plain(text: str) -> str:
    """A text of somebody else as a terminal may get it: without control characters but newlines.

    What separates words becomes a space; an escape sequence loses its escape and is read as text.
    """
    return text.translate(_CONTROLS | _SEPARATORS)


# Verdicts.


def state(run: RunDocument | None) -> str:
    """One or three words for a badge: the verdict, else why there is none."""
    if run is None:
        return "no experiment yet"
    return run.verdict.value if run.status == "finished" else run.status


def symbol(state_or_verdict: str) -> str:
    """A sign for a state, so that no meaning hangs on colour alone."""
    return _SYMBOLS[str(state_or_verdict)]


def sentence(result: HypothesisResult) -> str:
    """What came out, in one sentence.

    ``Supported: 51x [50.5, 51.6], asked for at least 10x.``
    """
    word = result.verdict.value.capitalize()
    match result.verdict:
        case Verdict.UNAVAILABLE:
            return f"{word}: {_with_stop(result.reason or 'it could not be measured here')}"
        case Verdict.INCONCLUSIVE:
            reason = result.reason or "nothing was decided"
            if result.effect is None:
                return f"{word}: {_with_stop(reason)}"
            return (
                f"{word}: {measured(result)}, asked for {threshold(result)}. {as_sentence(reason)}"
            )
        case _:
            return f"{word}: {outcome(result)}."


def headline(run: RunDocument) -> str:
    """The first sentence of a run: its headline result, else why there is none."""
    match run.status:
        case "running":
            return "Running now; there is no verdict yet."
        case "interrupted":
            return as_sentence(run.message or "Interrupted before there was a verdict")
        case "failed":
            return f"Failed: {_with_stop(run.message or 'the run could not go on')}"
    result = run.headline_result
    if result is not None and result.verdict is run.verdict:
        return sentence(result)
    if result is not None:
        alone = sentence(result)
        kind = run.verdict.value.capitalize()
        return f"{kind}; the headline is {alone[0].lower()}{alone[1:]}"
    return f"{state(run).capitalize()}: depth {run.depth.value} does not test the headline."


def comparison(result: HypothesisResult, run: RunDocument) -> str:
    """What was measured on what: ``locks: 303 locks (without the key) against 6 locks (with it)``.

    The numbers are medians over the blocks; an arm without any is named alone.
    """
    experiment = series.experiment_of(run, result.experiment)
    arms = tuple(filter(None, (result.arm, result.reference)))
    if experiment is None:
        return f"{result.metric}: {' against '.join(arms)}"
    metric = series.metric_of(experiment, result.metric)
    titles = {arm.name: arm.title for arm in experiment.arms}
    medians = {s.arm.name: s.median for s in series.summaries(run, experiment, metric.name, arms)}
    told = [
        f"{number(medians[arm], metric.unit)} ({titles.get(arm, arm)})"
        if arm in medians
        else titles.get(arm, arm)
        for arm in arms
    ]
    return f"{metric.title}: {' against '.join(told)}"


def blocks(result: HypothesisResult) -> str:
    """How many blocks stand behind a result, and for exact ones how many of them agree."""
    if result.agreeing is None:
        return f"{result.blocks}"
    return f"{result.agreeing} of {result.blocks}"


def dissents(result: HypothesisResult) -> str:
    """The blocks that did not meet an exact criterion: ``block 3: 304 locks``; empty if none."""
    return "; ".join(f"block {d.block}: {number(d.value, result.unit)}" for d in result.dissents)


def gate(result: GateResult) -> str:
    """A gate in one line: ``held: A/A control within ... (observed 1.01)``."""
    seen = "nothing observed"
    if result.observed is not None:
        seen = f"observed {number(result.observed, result.unit)}"
    return f"{'held' if result.passed else 'failed'}: {result.statement} ({seen})"


def ending(experiment: ExperimentDocument) -> str:
    """How an experiment ended, or why it never ran."""
    if experiment.unavailable is not None:
        return f"unavailable: {experiment.unavailable}"
    if experiment.ended is None:
        return f"not finished, {count(experiment.blocks, 'block')} recorded"
    said = _ENDINGS.get(experiment.ended, experiment.ended)
    return f"{count(experiment.blocks, 'block')}, {said}"


def remedy_seen(run: RunDocument) -> str:
    """Whether the remedy was seen working in this run, and the numbers that show it."""
    result = next((h for h in run.hypotheses if h.id == run.remedy.hypothesis), None)
    if result is None:
        return f"Not tested at depth {run.depth.value}."
    match result.verdict:
        case Verdict.SUPPORTED:
            return f"Seen working here: {outcome(result)}. {as_sentence(comparison(result, run))}"
        case Verdict.REFUTED:
            return f"Did not work here: {outcome(result)}. {as_sentence(comparison(result, run))}"
        case _:
            return f"Not shown here. {sentence(result)}"


def prediction(score: PredictionDocument | Score | None) -> str:
    """How a prediction came out, in words."""
    if score is None:
        return "not scored"
    parts = []
    if score.covered is not None:
        parts.append("in the stated range" if score.covered else "outside the stated range")
    if score.log_error is not None:
        parts.append(f"off by a factor of {digits(math.exp(score.log_error))}")
    if score.brier is not None:
        parts.append(f"Brier score {digits(score.brier)}")
    return ", ".join(parts) or "not scored"


def surprise(text: str, result: HypothesisResult) -> str:
    """A claim's closing sentence with ``{effect}`` and ``{interval}`` filled in.

    Nothing else in braces is touched, so that a text cannot reach into the program.
    """
    ends = interval(result.interval, result.unit, like=result.effect) or "no interval"
    return text.replace("{effect}", effect(result)).replace("{interval}", ends)


def rerun_command(run: RunDocument) -> str:
    """The command that runs this claim again, in the same random order."""
    return f"earwitness run {run.claim} --depth {run.depth.value} --seed {run.seed}"


def replay_command(run: RunDocument) -> str:
    """The command that judges the stored observations again."""
    return f"earwitness runs replay {run.run_id}"


def machine(environment: Mapping[str, str]) -> str:
    """A machine in one line: ``AMD EPYC, 2 cores, 4 GiB memory, Linux 6.1``.

    Takes what ``experiment.machine`` records; says so when nothing of it is there.
    """
    said = (
        (name, environment[name].strip())
        for name in ("processor", "cores", "memory", "system")
        if environment.get(name, "").strip()
    )
    return ", ".join(_machine_part(name, value) for name, value in said) or "machine not recorded"


# Parts.


def _machine_part(name: str, value: str) -> str:
    if name == "cores":
        return "1 core" if value == "1" else f"{value} cores"
    return f"{value} memory" if name == "memory" else value


def as_sentence(text: str) -> str:
    """A text that is not empty, with a capital letter and a full stop."""
    return _with_stop(text[0].upper() + text[1:])


def _with_stop(text: str) -> str:
    return text if text.endswith((".", "?")) else text + "."
