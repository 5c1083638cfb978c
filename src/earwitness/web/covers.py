"""A cover for a show that has none here: drawn from its name, the same each time.

A cover of a feed lies on somebody else's host, and no page of ours asks another host for anything.
Sound waves whose bars, ground and direction come from a digest of the show's id. Pure.
"""

import hashlib

from earwitness.report.charts import svg

GROUNDS = 6
"""Kinds of ground that the style sheet has colours for: ``cover-1`` and so on."""
_BARS = 11
_SIZE = 120.0
_LEAST, _MOST = 10.0, 84.0
"""Heights of a bar, in units of a drawing of 120."""


def svg_of(show: str, title: str) -> str:
    """The drawing as text; for screen readers it is decoration beside the title."""
    digest = hashlib.sha256(show.encode()).digest()
    ground = digest[0] % GROUNDS + 1
    width = _SIZE / (2 * _BARS + 1)
    bars = []
    for index in range(_BARS):
        # taller in the middle, as a word is
        swell = 1 - abs(index - _BARS // 2) / (_BARS / 2 + 1)
        height = _LEAST + (_MOST - _LEAST) * swell * (0.35 + 0.65 * digest[index + 1] / 255)
        x, y = width * (2 * index + 1), (_SIZE - height) / 2
        bars.append(
            f'<rect class="cover-bar" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" '
            f'height="{height:.1f}" rx="{width / 2:.1f}"/>'
        )
    return (
        f'<svg class="cover cover-{ground}" viewBox="0 0 120 120" aria-hidden="true" '
        f'focusable="false"><title>{svg.escape(title)}</title>'
        f'<rect class="cover-ground" width="120" height="120"/>{"".join(bars)}</svg>'
    )
