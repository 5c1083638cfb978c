"""The drawings of the documentation: what a page shows as an image is scaled with its text."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

DRAWINGS = sorted((Path(__file__).parents[2] / "docs" / "images").glob("*.svg"))
PHONE = 400
"""Pixels; drawn wider, text of 12 pixels is hardly 6 on a phone."""


@pytest.mark.parametrize("drawing", DRAWINGS, ids=lambda path: path.stem)
def test_it_is_readable_on_a_phone_and_in_the_dark(drawing: Path) -> None:
    root = ElementTree.parse(drawing).getroot()
    assert float(root.attrib["width"]) <= PHONE
    assert root.attrib["viewBox"] == f"0 0 {root.attrib['width']} {root.attrib['height']}"
    assert "--paper: light-dark(" in drawing.read_text()
