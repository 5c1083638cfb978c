"""A run whose store is full, damaged or too new: one clear line, and nothing lost."""

import json
import shutil
import subprocess

import pytest

OWN_NAMESPACE = ["unshare", "--mount", "--map-root-user"]


def test_a_damaged_store_is_named_before_anything_starts(earwitness, data):
    data.mkdir()
    (data / "earwitness.db").write_bytes(b"no database" * 1000)
    done = earwitness("run", "sorted-input")
    assert done.returncode == 2
    assert "is damaged" in done.stderr and "Traceback" not in done.stderr
    assert (data / "earwitness.db").read_bytes() == b"no database" * 1000
    doctor = json.loads(earwitness("doctor", "--format", "json").stdout)
    assert "is damaged" in doctor["store"]["state"]


@pytest.mark.skipif(shutil.which("unshare") is None, reason="util-linux's unshare is missing")
def test_a_disk_that_fills_up_ends_the_run_and_keeps_what_was_shown(earwitness, data):
    if subprocess.run([*OWN_NAMESPACE, "true"], check=False, capture_output=True).returncode != 0:
        pytest.skip("this machine grants no mount namespace of our own")
    data.mkdir()
    script = (
        f"mount -t tmpfs -o size=700k none {data} && "
        '"$@" run trouble-slow; echo "code $?"; "$@" runs list --format json'
    )
    done = subprocess.run(
        [*OWN_NAMESPACE, "sh", "-c", script, "sh", *earwitness.command()],
        env=earwitness.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "no space is left for the store" in done.stderr, done.stderr
    assert "Traceback" not in done.stderr
    code, _, listed = done.stdout.partition("\n")
    assert code == "code 2"
    assert json.loads(listed)[0]["status"] in ("interrupted", "failed")
    assert list(data.iterdir()) == []
