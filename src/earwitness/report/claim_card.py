"""A claim as a card: predict the headline, then see what was measured here.

Pure. The back says the verdict of the newest run on this machine, or how to get one.
"""

from earwitness.experiment.design import Claim
from earwitness.library.review.faces import Faces
from earwitness.report import words
from earwitness.report.document import RunDocument

DECK = "Claims"


def faces(claim: Claim, run: RunDocument | None) -> Faces:
    """Both sides of the card of a claim; ``run`` is its newest finished run, if there is any."""
    headline = claim.hypothesis(claim.headline)
    return Faces(
        id=f"claim:{claim.id}",
        kind="claim",
        deck=DECK,
        front=f"{claim.title}\n\n{claim.said}\n\nPredict: {headline.question}",
        back=f"{_measured(claim, run)}\n\n{_boundary(claim)}",
    )


def _measured(claim: Claim, run: RunDocument | None) -> str:
    if run is None:
        return (
            "Not measured on this machine yet. Predict and see: "
            f"earwitness run {claim.id} --predict 3x"
        )
    return f"Measured here: {words.headline(run)} (run {run.run_id})"


def _boundary(claim: Claim) -> str:
    return f"True when {claim.boundary.true_when}\nFalse when {claim.boundary.false_when}"
