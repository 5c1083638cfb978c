"""How servers say their version, and modules that may be missing beside them."""

import re
from pathlib import Path

import pytest

from earwitness.servers import terminators
from earwitness.servers.process import MissingComponent


@pytest.mark.parametrize(
    ("wanted", "said", "version"),
    [
        (terminators.APACHE, "Server version: Apache/2.4.62 (Debian)", "2.4.62"),
        (terminators.STUNNEL, "stunnel 5.68 on x86_64-pc-linux-gnu platform", "5.68"),
        (terminators.LIGHTTPD, "lighttpd/1.4.69 (ssl) - a light and fast webserver", "1.4.69"),
        (terminators.ENVOY, "/bin/envoy  version: 9e55/1.40.0/Clean/RELEASE/BoringSSL", "1.40.0"),
        (terminators.ETCD, "etcd Version: 3.4.23\nGit SHA: Not provided", "3.4.23"),
    ],
)
def test_the_version_is_read_from_what_they_say(wanted, said, version) -> None:
    found = re.search(wanted.version, said)
    assert found is not None
    assert found[1] == version


def test_apache_without_its_module_is_missing(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(terminators, "_APACHE_MODULES", (tmp_path,))
    with pytest.raises(MissingComponent, match="mod_ssl"):
        terminators.apache_modules()
    (tmp_path / "mod_ssl.so").touch()
    assert terminators.apache_modules() == tmp_path


def test_lighttpd_without_its_module_is_missing(tmp_path: Path, monkeypatch) -> None:
    elsewhere = tmp_path / "elsewhere"
    monkeypatch.setattr(terminators, "_LIGHTTPD_MODULES", (elsewhere,))
    terminators.require_lighttpd_tls()  # where its modules lie is not known: it may have it
    elsewhere.mkdir()
    with pytest.raises(MissingComponent, match="mod_openssl") as raised:
        terminators.require_lighttpd_tls()
    assert raised.value.install == "apt-get install lighttpd lighttpd-mod-openssl"
