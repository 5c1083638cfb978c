import pytest

from earwitness.experiment import budget
from earwitness.experiment.budget import Budget


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("60s", 60), ("2m", 120), ("1.5h", 5400), ("45", 45), (" 3 min ", 180), ("0.5s", 0.5)],
)
def test_durations(text, seconds):
    assert budget.seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "-3s", "0s", "3d", "1m30s"])
def test_what_is_no_duration(text):
    with pytest.raises(ValueError, match="no duration"):
        budget.seconds_of(text)


def test_what_is_left_is_split_evenly():
    whole = Budget(60)
    assert whole.share(0, 3) == 20
    assert whole.share(30, 2) == 45
    assert whole.share(70, 1) == 70
    assert Budget(None).share(10, 1) is None


def test_a_block_fits_when_the_longest_so_far_would():
    assert budget.fits(10, 5, 15)
    assert not budget.fits(10, 5.1, 15)
    assert budget.fits(10, 5, None)
