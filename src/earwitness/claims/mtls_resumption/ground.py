"""What the doors of one bench share: an authority, a server certificate, and folders for lists.

Files only. Whoever the servers run as can read what it needs: with root's privileges the servers
run as somebody without any, and keys and folders are made for that user.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from earwitness.claims.mtls_resumption.door import Lists
from earwitness.servers import certificates
from earwitness.servers.certificates import Authority, Issued
from earwitness.servers.process import User


@dataclass(frozen=True)
class Ground:
    """Where the doors of one experiment stand."""

    folder: Path
    """Of this experiment, in the workspace."""
    authority: Authority
    server: Issued
    user: User | None
    """Whom the servers run as; None: as we do."""

    @property
    def revoked(self) -> Path:
        """Serial numbers that a responder calls revoked, one in a line."""
        return self.folder / "revoked"

    def lists(self, door: str) -> Lists:
        """The lists of one door, in a folder of their own."""
        return Lists(self.authority, passage(self.folder / f"{door}-lists", self.user))

    def keep_secret(self, path: Path, content: bytes) -> Path:
        """A new file that only the servers can read."""
        path.touch(mode=0o600, exist_ok=False)
        path.write_bytes(content)
        if self.user is not None:
            os.chown(path, self.user.uid, self.user.gid)
        return path


def lay(folder: Path, user: User | None) -> Ground:
    """Make the folder with a new authority and a server certificate."""
    passage(folder, user)
    authority = certificates.authority(folder / "authority", reader=user)
    laid = Ground(folder, authority, authority.server("server"), user)
    laid.revoked.touch()
    return laid


def passage(folder: Path, user: User | None) -> Path:
    """Make a folder of ours that ``user`` may pass through."""
    folder.mkdir()
    folder.chmod(0o700 if user is None else 0o711)  # mkdir obeys the umask
    return folder
