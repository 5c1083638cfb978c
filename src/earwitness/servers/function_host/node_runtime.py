"""AWS's own runtime client for Node, which streams.

It is the npm package aws-lambda-ric, one bundled module. ``npm pack`` fetches its archive into the
cache, checked by npm; nothing is installed, built or run by that. The compiled part that the module
asks for is replaced by ``node_hook.cjs``.
"""

import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from earwitness.servers import cache, folders, node
from earwitness.servers.function_host.runtimes import Runtime
from earwitness.servers.process import MissingComponent
from earwitness.servers.program import Program

_PACKAGE = "aws-lambda-ric"
_RELEASE = "4.0.2"
_LEAST_NODE = 20
"""The package asks for 22; what is used of it is seen to run with 20."""
_MODULE = "index.mjs"
_HOOK = Path(__file__).with_name("node_hook.cjs")
_FETCH_SECONDS = 60.0


def official_node() -> Runtime:
    """AWS's client for Node, fetched on first use. MissingComponent when it cannot be had."""
    program = _node()
    entry = _package()
    module = entry / _MODULE
    return Runtime(
        name=f"{_PACKAGE} {_RELEASE} on Node {program.version}",
        source=f"npm {_PACKAGE} {_RELEASE}",
        command=(str(program.path), "--require", str(_HOOK), str(module)),
        environment={"AWS_LAMBDA_NODEJS_USE_ALTERNATIVE_CLIENT_1": "true"},
        user=folders.reaching(program.path, module, _HOOK),
    )


def _node() -> Program:
    found = node.find()
    if int(found.version.partition(".")[0]) < _LEAST_NODE:
        reason = f"Node {found.version} is too old for {_PACKAGE} {_RELEASE}"
        raise MissingComponent(f"{reason}, which needs {_LEAST_NODE}", node.INSTALL)
    return found


def _package() -> Path:
    try:
        return cache.keep("npm", f"{_PACKAGE}-{_RELEASE}", _fetch)
    except (OSError, tarfile.TarError) as problem:
        raise MissingComponent(f"{_PACKAGE} cannot be kept in the cache: {problem}") from None


def _fetch(target: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise MissingComponent(f"npm, which fetches {_PACKAGE}, is not here", node.INSTALL)
    with tempfile.TemporaryDirectory() as scratch:
        archive = _pack(npm, Path(scratch))
        with tarfile.open(archive) as opened:
            content = opened.extractfile(f"package/{_MODULE}")
            assert content is not None
            (target / _MODULE).write_bytes(content.read())


def _pack(npm: str, folder: Path) -> Path:
    command = [npm, "pack", f"{_PACKAGE}@{_RELEASE}", "--silent", "--fetch-retries=0"]
    try:
        done = subprocess.run(
            [*command, f"--pack-destination={folder}"],
            capture_output=True,
            text=True,
            timeout=_FETCH_SECONDS,
            cwd=folder,
            check=False,
        )
    except subprocess.TimeoutExpired:
        reason = f"fetching {_PACKAGE} took more than {_FETCH_SECONDS:g} s"
        raise MissingComponent(reason) from None
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:] or ["it said nothing"]
        raise MissingComponent(f"{_PACKAGE} is not in the cache and npm cannot fetch it: {said[0]}")
    return folder / done.stdout.split()[-1]
