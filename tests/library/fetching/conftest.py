import pytest

from earwitness.library.fetching.web import Limits, Web
from tests.library import strangers


@pytest.fixture
def stranger():
    with strangers.stranger() as running:
        yield running


@pytest.fixture
def waits():
    """Seconds that would have been waited."""
    return []


@pytest.fixture
def web(waits):
    limits = Limits(seconds=3, idle_seconds=0.5, bytes=100_000)
    return Web(allowed=frozenset({"127.0.0.1"}), limits=limits, sleep=waits.append)
