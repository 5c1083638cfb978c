"""What helps only at a command line is said there, and nowhere else."""

from earwitness.trouble import Trouble


def test_a_hint_is_said_at_a_command_line_only():
    problem = Trouble("there is no run 'x'").hinting("`earwitness runs list` shows those there are")
    assert str(problem) == "there is no run 'x'"
    assert problem.at_a_command_line == f"{problem}; `earwitness runs list` shows those there are"
    assert Trouble("no").at_a_command_line == "no"
