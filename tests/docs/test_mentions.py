"""The documentation names no place on anybody's machine or network."""

import re

import pytest

from tests.docs import pages

SITES = {"keepachangelog.com", "semver.org", "127.0.0.1:8765"}
"""Where links may lead to outside of the project; and the site itself."""

FOLDERS = (
    "/tmp",
    "/var/cache/earwitness",
    "/run/lock",
    "/usr/lib/postgresql",
    "/path/to",
    "/api",
)
"""Absolute paths that mean the same on every machine, and addresses of the site."""

_URL = re.compile(r"https?://([^/\s)]+)")
_PATH = re.compile(r"(?<![\w./:~}*>-])/[a-z][\w.-]*(?:/[\w.-]+)*")
_REGISTRY = re.compile(
    r"--(extra-)?index-url|\b(registry|pypi|npmjs|pythonhosted)\.(?!py\b)\w", re.IGNORECASE
)


@pytest.mark.parametrize("page", pages.pages(), ids=pages.name)
def test_no_site_but_the_known_ones(page):
    sites = set(_URL.findall(pages.text(page))) - SITES
    assert {site for site in sites if not site.endswith(".example")} == set()  # RFC 2606


@pytest.mark.parametrize("page", pages.pages(), ids=pages.name)
def test_no_path_of_one_machine(page):
    found = _PATH.findall(pages.text(page))
    assert [path for path in found if not path.startswith(FOLDERS)] == []


@pytest.mark.parametrize("page", pages.pages(), ids=pages.name)
def test_no_registry(page):
    assert _REGISTRY.search(pages.text(page)) is None


def test_the_constraints_are_names_and_versions_only():
    lines = (pages.ROOT / "constraints.txt").read_text().splitlines()
    assert lines
    assert [line for line in lines if not re.fullmatch(r"[\w.-]+==[\w.!+]+", line)] == []
