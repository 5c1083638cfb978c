"""Numbers and their units kept in one line: on pages, and only there."""

import pytest

from earwitness.report import html, markdown, unparted, words
from earwitness.report.unparted import NO_BREAK
from tests.report import samples


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("at least 90 %.", "at least 90_%."),
        ("4.1 ms [3.9, 4.2]", "4.1_ms [3.9, 4.2]"),
        ("1 h 4 min", "1_h 4_min"),
        ("12 kB in 5 of 5 blocks", "12_kB in 5 of 5 blocks"),
        ("in 3 steps", "in 3 steps"),
        ("PostgreSQL 18 serves", "PostgreSQL 18 serves"),
    ],
)
def test_only_a_number_and_its_unit_stay_together(text, shown):
    assert unparted.unparted(text) == shown.replace("_", NO_BREAK)


def test_templates_get_numbers_unparted_and_commands_as_they_are():
    offered = unparted.vocabulary(words)
    assert offered.number(0.9, "share") == f"90{NO_BREAK}%"
    assert offered.TIMES == words.TIMES
    assert offered.rerun_command is words.rerun_command


def test_other_formats_keep_ordinary_spaces():
    assert NO_BREAK not in markdown.render_run(samples.refuted())
    assert NO_BREAK in html.render_run(samples.refuted())
