"""Files of kept sessions: what stands in them, and which are taken."""

from pathlib import Path

import pytest

pytest.importorskip("OpenSSL")

from earwitness.servers.tls_client import session
from earwitness.servers.tls_client.library import NotASession


def test_a_file_says_of_whom_its_sessions_are(tmp_path: Path) -> None:
    session.keep(tmp_path / "kept", (), {"host": "here"})
    assert session.kept(tmp_path / "kept").asked == {"host": "here"}


@pytest.mark.parametrize(
    ("version", "words"), [("1", "an older version"), ("9", "a newer version")]
)
def test_files_of_other_versions_are_not_taken(tmp_path: Path, version: str, words: str) -> None:
    path = tmp_path / "kept"
    path.write_text(f'{{"earwitness_sessions": {version}, "sessions": []}}')
    with pytest.raises(NotASession, match=words):
        session.kept(path)
