"""From what many cuts cost to the numbers of one observation. Pure arithmetic."""

from collections.abc import Mapping, Sequence

from earwitness.claims.fsync.configuration import Promise
from earwitness.claims.fsync.loss import Loss
from earwitness.experiment import statistics


def tally(losses: Sequence[Loss]) -> Mapping[str, float]:
    """The metrics of the cuts of one recording, by name; ValueError when there was no cut."""
    if not losses:
        raise ValueError("no cut was made")
    cuts = len(losses)
    lossy = sum(loss.lost > 0 for loss in losses)
    damaged = sum(loss.damaged for loss in losses)
    acknowledged = sum(loss.acknowledged for loss in losses)
    lost = sum(loss.lost for loss in losses)
    return {
        "cuts": cuts,
        "acknowledged": acknowledged,
        "lossy_cuts": lossy,
        "lossy": 100 * lossy / cuts,
        "lossy_bound": 100 * statistics.share_fixed(lossy, cuts).high,
        "lost": lost,
        "lost_share": 100 * lost / acknowledged if acknowledged else 0.0,
        "mean_lost": lost / cuts,
        "most_lost": max(loss.lost for loss in losses),
        "damaged_cuts": damaged,
        "damaged": 100 * damaged / cuts,
        "harmed_cuts": sum(loss.is_harm for loss in losses),
        "gap_cuts": sum(loss.has_gap for loss in losses),
        "phantoms": sum(loss.phantoms for loss in losses),
    }


def broken(promised: Promise, losses: Sequence[Loss]) -> int:
    """How many cuts cost more than was promised. Nobody promises commits that were never begun."""
    return sum(not _kept(promised, loss) for loss in losses)


def _kept(promised: Promise, loss: Loss) -> bool:
    few_enough = promised.most_lost is None or loss.lost <= promised.most_lost
    intact = not (loss.damaged or loss.has_gap or loss.phantoms)
    return few_enough and (intact or not promised.sound)
