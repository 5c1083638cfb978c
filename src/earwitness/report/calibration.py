"""How well somebody predicts, in words and as a chart for the terminal.

Pure; what the numbers mean stands in ``experiment.prediction``. The chart for pages is in
``charts``.
"""

from collections.abc import Sequence

from earwitness.experiment.prediction import RANGE_CONFIDENCE, Calibration
from earwitness.report import words

HOW_TO_BEGIN = (
    "No prediction scored yet. Predict before you run: earwitness run select-star --predict 5x"
)
COIN_TOSS_BRIER = 0.25
"""What saying 50 % to everything scores."""
_BINS = 5
_BAR_WIDTH = 20


def sentences(calibration: Calibration) -> list[str]:
    """The calibration so far, one sentence for each kind of prediction; never empty."""
    if not calibration.scored:
        return [HOW_TO_BEGIN]
    told = [f"{words.count(calibration.scored, 'prediction')} scored."]
    if calibration.typical_factor is not None:
        factor = words.number(calibration.typical_factor, "x")
        told.append(f"Typically off by a factor of {factor} (1{words.TIMES} is perfect).")
    if calibration.coverage is not None:
        held = calibration.coverage
        ends = words.interval((held.low * 100, held.high * 100))
        told.append(
            f"Your ranges held the effect {words.percent(held.effect)} {ends} of the time; "
            f"they are meant to hold it {words.percent(RANGE_CONFIDENCE)}."
        )
    if calibration.brier is not None:
        told.append(
            f"Brier score {words.digits(calibration.brier)} "
            f"(0 is perfect, a coin toss {COIN_TOSS_BRIER})."
        )
    return told


def plot(calls: Sequence[tuple[float, bool]]) -> str:
    """Stated probability against how often it came true, one line for each fifth that has any.

    ``calls``: probability from 0 to 1, and whether the predicted verdict came.
    """
    lines = []
    for bin in range(_BINS):
        inside = [came for said, came in calls if min(int(said * _BINS), _BINS - 1) == bin]
        if not inside:
            continue
        share = sum(inside) / len(inside)
        bar = ("█" * round(share * _BAR_WIDTH)).ljust(_BAR_WIDTH, "·")
        said = f"{100 * bin // _BINS} to {100 * (bin + 1) // _BINS} %"
        lines.append(f"said {said:>12}  {bar}  came true {sum(inside)} of {len(inside)}")
    return "\n".join(lines)
