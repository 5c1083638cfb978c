"""Files and folders of servers that run as somebody else: who may enter, how long a path may be.

Makes folders inside a workspace; what is put into them is the affair of each server's room.
"""

import os
import secrets
import stat
from pathlib import Path

from earwitness.servers import process, workspace
from earwitness.servers.process import ServerFailed, User

LONGEST_SOCKET_PATH = 103
"""Characters: sun_path of macOS less its end (Linux has 107)."""


def reachable(path: Path, user: User | None) -> Path:
    """A new folder of ours that ``user`` may pass through, as those above it in the workspace."""
    home = workspace.home_of(path.parent)
    path.mkdir()
    if user is not None:
        above = path.relative_to(home).parents
        for folder in (path, *(home / part for part in above)):
            folder.chmod(stat.S_IMODE(folder.stat().st_mode) | stat.S_IXOTH)
    return path


def for_socket(folder: Path, name: str, user: User | None) -> Path:
    """A private folder with a short path for a Unix socket of that name, in the workspace.

    ServerFailed when even so the address is too long.
    """
    socket = workspace.home_of(folder) / f".{secrets.token_hex(3)}"
    if len(os.fspath(socket / name)) > LONGEST_SOCKET_PATH:
        raise ServerFailed(f"{socket} is too long for a Unix socket: set TMPDIR to a shorter path")
    return process.private_folder(socket, user)


def reaching(*paths: Path) -> User | None:
    """The user without privileges if it may read all of ``paths``; else None, ourselves.

    For programs of our own in our own interpreter: Python often lies in the home of the user who
    installed it, and running our own code as ourselves gives nobody anything.
    """
    user = process.unprivileged()
    return user if user is not None and all(map(_open_to_all, paths)) else None


def _open_to_all(path: Path) -> bool:
    # the links on the way count as well as where they lead
    above = (*path.absolute().parents, *path.resolve().parents)
    wanted = stat.S_IROTH | (stat.S_IXOTH if path.is_dir() else 0)
    return path.stat().st_mode & wanted == wanted and all(
        folder.stat().st_mode & stat.S_IXOTH for folder in above
    )
