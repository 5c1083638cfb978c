"""In which order arms are tried: random within each block, from the recorded seed.

Pure. The random order is what makes paired differences symmetric under the null, so nothing but
the seed, the experiment and the block may decide it.
"""

import random

from earwitness.experiment.design import Arm


def order(arms: tuple[Arm, ...], *, seed: int, experiment: str, block: int) -> tuple[Arm, ...]:
    """The arms of one block in the order in which they are to be tried; same input, same order."""
    shuffled = list(arms)
    random.Random(f"{seed}/{experiment}/{block}").shuffle(shuffled)  # noqa: S311 - not a secret
    return tuple(shuffled)
