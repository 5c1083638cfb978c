import subprocess
import sys
import textwrap

import pytest

from earwitness.experiment.turn import turn

HOLDER = textwrap.dedent(
    """
    import pathlib, sys, time
    from earwitness.experiment.turn import turn
    with turn("the other one", print, file=pathlib.Path(sys.argv[1])):
        print("has it", flush=True)
        time.sleep(60)
    """
)


def nobody(holder):
    pytest.fail(f"waited for {holder}")


def test_alone_nobody_waits_and_the_name_is_left_for_others(tmp_path):
    file = tmp_path / "lock"
    for _ in range(2):
        with turn("me", nobody, file=file):
            assert file.read_text() == "me"


def test_the_second_waits_until_the_first_is_gone_however_it_goes(tmp_path):
    file = tmp_path / "lock"
    first = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(file)], stdout=subprocess.PIPE, text=True
    )
    assert first.stdout.readline() == "has it\n"
    waited = []

    def waiting(holder):
        waited.append(holder)
        first.kill()

    with turn("me", waiting, file=file):
        assert waited == ["the other one"]
        assert first.wait(5) == -9


def test_what_stands_in_the_file_is_not_trusted(tmp_path):
    file = tmp_path / "lock"
    with turn("evil\x1b[2Jname" + "x" * 5000, nobody, file=file):
        waited = []

        def waiting(holder):
            waited.append(holder)
            raise InterruptedError

        with pytest.raises(InterruptedError), turn("me", waiting, file=file):
            pass
    assert waited[0].isprintable() and len(waited[0]) <= 200


def test_a_link_in_its_place_is_refused(tmp_path):
    target = tmp_path / "precious"
    target.write_text("data")
    (tmp_path / "lock").symlink_to(target)
    with pytest.raises(OSError, match="symbolic"), turn("me", nobody, file=tmp_path / "lock"):
        pass
    assert target.read_text() == "data"
