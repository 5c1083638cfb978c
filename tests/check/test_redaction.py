"""What a driver says, made fit for a terminal: one line, and no secret in it."""

import pytest

from earwitness.check.redaction import Secrets


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("refused\n\tIs the server running?\n", "refused. Is the server running?"),
        ("no such role.\nHINT: create it", "no such role. HINT: create it"),
        ("refused,\n  after 3 s", "refused, after 3 s"),
        ("got:\nNothing", "got: Nothing"),
        ("\n\n", ""),
    ],
)
def test_lines_are_joined_as_sentences(said, shown):
    assert Secrets().one_line(said) == shown


def test_a_secret_is_taken_out_in_each_of_its_forms():
    secrets = Secrets().with_values(["p/w d", None, ""])
    said = "p/w d\np%2Fw%20d and p/w%20d and p%2Fw+d"
    assert secrets.one_line(said) == "*** *** and *** and ***"
    assert "p/w d" not in repr(secrets)
