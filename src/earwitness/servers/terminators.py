"""Programs that end TLS connections and come from the system: where they are, which version.

Only looked for here. What they are configured to do the claims write, and ``configured`` starts
them; servers that need more than files and a signal have rooms of their own.
"""

from pathlib import Path

from earwitness.servers.component import Component
from earwitness.servers.process import MissingComponent
from earwitness.servers.program import Wanted

APACHE = Wanted(
    name="Apache",
    file="apache2",
    variable="EARWITNESS_APACHE",
    ask=("-v",),
    version=r"Apache/([0-9.]+)",
    install="apt-get install apache2-bin",
)
STUNNEL = Wanted(
    name="stunnel",
    file="stunnel4",
    variable="EARWITNESS_STUNNEL",
    ask=("-version",),
    version=r"stunnel ([0-9.]+) on",
    install="apt-get install stunnel4",
)
LIGHTTPD = Wanted(
    name="lighttpd",
    file="lighttpd",
    variable="EARWITNESS_LIGHTTPD",
    ask=("-v",),
    version=r"lighttpd/([0-9.]+)",
    install="apt-get install lighttpd lighttpd-mod-openssl",
)
ETCD = Wanted(
    name="etcd",
    file="etcd",
    variable="EARWITNESS_ETCD",
    ask=("--version",),
    version=r"etcd Version: ([0-9.]+)",
    install="apt-get install etcd-server",
)

_APACHE_MODULES = (
    Path("/usr/lib/apache2/modules"),
    Path("/usr/lib64/httpd/modules"),
    Path("/usr/libexec/apache2"),
)
"""Where distributions keep the modules of Apache."""

_LIGHTTPD_MODULES = (Path("/usr/lib/lighttpd"), Path("/usr/lib64/lighttpd"))


def components() -> tuple[Component, ...]:
    """Their lines in the table of components."""
    return tuple(wanted.component() for wanted in (APACHE, STUNNEL, LIGHTTPD, ETCD))


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
