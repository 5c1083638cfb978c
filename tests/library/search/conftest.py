import pytest

from earwitness.library.search import index
from earwitness.store.connection import open_store
from tests.library.search import talks


@pytest.fixture
def store(tmp_path):
    with open_store(tmp_path) as opened:
        yield opened


@pytest.fixture
def library(store):
    talks.keep(store, talks.STORAGE, talks.NETWORKS, talks.NO_TIMES)
    index.refresh(store)
    return store
