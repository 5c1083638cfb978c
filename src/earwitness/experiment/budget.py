"""How long a run may take, and whether another block still fits.

Values and arithmetic; the runner brings the clock.
"""

import re
from dataclasses import dataclass

_UNITS = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}


def seconds_of(text: str) -> float:
    """``60s``, ``2m``, ``1.5h`` or plain seconds; ValueError when it is none of these."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(s|m|min|h)?\s*", text)
    if match is None or float(match[1]) == 0:
        raise ValueError(f"{text!r} is no duration: write 60s, 2m or 1h")
    return float(match[1]) * _UNITS[match[2] or "s"]


@dataclass(frozen=True)
class Budget:
    """Seconds for a whole run; None is without limit."""

    seconds: float | None

    def share(self, elapsed: float, experiments_left: int) -> float | None:
        """When the next experiment must end, in seconds since the run began.

        What is left is split evenly, so that the first experiment cannot starve the others.
        """
        if self.seconds is None:
            return None
        return elapsed + max(0.0, self.seconds - elapsed) / experiments_left


def fits(now: float, longest_block: float, deadline: float | None) -> bool:
    """Whether a block as long as the longest so far ends before the deadline."""
    return deadline is None or now + longest_block <= deadline
