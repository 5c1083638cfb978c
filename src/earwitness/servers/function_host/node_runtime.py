"""AWS's own runtime client for Node, which streams.

It is the npm package aws-lambda-ric, one bundled module. ``npm pack`` fetches its archive into the
cache, checked by npm; nothing is installed, built or run by that. The compiled part that the module
asks for is replaced by ``node_hook.cjs``.
"""

import functools
import platform
import re
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from earwitness.servers import cache
from earwitness.servers.component import Component
from earwitness.servers.function_host.runtimes import Runtime, reaching
from earwitness.servers.process import MissingComponent

_PACKAGE = "aws-lambda-ric"
_RELEASE = "4.0.2"
_LEAST_NODE = 20
"""The package asks for 22; what is used of it is seen to run with 20."""
_MODULE = "index.mjs"
_HOOK = Path(__file__).with_name("node_hook.cjs")
_FETCH_SECONDS = 60.0
_ASK_SECONDS = 10.0
_INSTALL_NODE = (
    "brew install node" if platform.system() == "Darwin" else "apt-get install nodejs npm"
)


def official_node() -> Runtime:
    """AWS's client for Node, fetched on first use. MissingComponent when it cannot be had."""
    node = _node()
    version = _version(node)
    entry = _package()
    module = entry / _MODULE
    return Runtime(
        name=f"{_PACKAGE} {_RELEASE} on Node {version}",
        source=f"npm {_PACKAGE} {_RELEASE}",
        command=(str(node), "--require", str(_HOOK), str(module)),
        environment={"AWS_LAMBDA_NODEJS_USE_ALTERNATIVE_CLIENT_1": "true"},
        user=reaching(node, module, _HOOK),
    )


def component() -> Component:
    """The line of Node for the table of components; fetches nothing."""
    try:
        node = _node()
        return Component(name="Node", version=_version(node), source=str(node))
    except MissingComponent as missing:
        return Component(name="Node", missing=missing.reason, install=missing.install)


def _node() -> Path:
    found = shutil.which("node")
    if found is None:
        raise MissingComponent("Node is not on this machine", _INSTALL_NODE)
    return Path(found)


@functools.cache
def _version(node: Path) -> str:
    try:
        asked = subprocess.run(
            [node, "--version"], capture_output=True, text=True, timeout=_ASK_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError) as problem:
        raise MissingComponent(f"{node} does not run: {problem}") from None
    version = asked.stdout.strip().removeprefix("v")
    major = re.match(r"\d+", version)
    if major is None or int(major[0]) < _LEAST_NODE:
        reason = f"Node {version} is too old for {_PACKAGE} {_RELEASE}"
        raise MissingComponent(f"{reason}, which needs {_LEAST_NODE}", _INSTALL_NODE)
    return version


def _package() -> Path:
    try:
        return cache.keep("npm", f"{_PACKAGE}-{_RELEASE}", _fetch)
    except (OSError, tarfile.TarError) as problem:
        raise MissingComponent(f"{_PACKAGE} cannot be kept in the cache: {problem}") from None


def _fetch(target: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise MissingComponent(f"npm, which fetches {_PACKAGE}, is not here", _INSTALL_NODE)
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
