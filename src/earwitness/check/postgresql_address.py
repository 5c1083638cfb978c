"""Addresses of PostgreSQL: URLs, ``service=...`` and other connection strings of libpq.

libpq itself takes the address apart, so that everything it knows works here: several hosts, Unix
sockets, service files, environment variables, password files. What libpq says of an address that
it does not understand may quote a password, and is not passed on.
"""

from collections.abc import Mapping
from urllib.parse import quote

import psycopg
from psycopg.conninfo import conninfo_to_dict

from earwitness.check.postgresql_kind import NAME, SCHEMES, is_connection_string
from earwitness.check.redaction import Secrets
from earwitness.check.target import NotATarget, Target

SECRET_PARAMETERS = frozenset(
    {"password", "sslpassword", "scram_client_key", "scram_server_key", "oauth_client_secret"}
)

# What libpq says before it quotes anything (conninfo_uri_parse_options and conninfo_parse in
# fe-connect.c), and what to do about it.
_MISTAKES: Mapping[str, str] = {
    "invalid percent-encoded token": "a % that starts no percent-encoding; itself it is %25",
    "invalid URI query parameter": "an option that libpq does not have",
    "invalid connection option": "an option that libpq does not have",
    "missing key/value separator": "an option without =",
    "extra key/value separator": "a second = in an option; itself it is %3D",
    'missing "="': "a word without =",
    "unterminated quoted string": "a quote that does not end",
    "forbidden value %00": "%00, which cannot be part of it",
    "end of string reached when looking for matching": "a [ without its ]",
    "IPv6 host address may not be empty": "an empty IPv6 address",
    "unexpected character": "something other than a port or a path after the host",
}


def parse(address: str) -> Target | None:
    """The target of a PostgreSQL address; None when it is none. Raises NotATarget."""
    if address.startswith(SCHEMES):
        _require_encoded(address)
    elif not is_connection_string(address):
        return None
    try:
        parameters = {key: str(value) for key, value in conninfo_to_dict(address).items()}
    except (psycopg.ProgrammingError, UnicodeError) as problem:
        raise NotATarget(
            f"this is no address that libpq understands: {_mistake(problem)}"
        ) from None
    _require_plain(parameters)
    _require_ports(parameters.get("port", ""))
    secrets = Secrets().with_values(parameters.get(name) for name in SECRET_PARAMETERS)
    return Target(kind=NAME, shown=shown(parameters), parameters=parameters, secrets=secrets)


def shown(parameters: Mapping[str, str]) -> str:
    """A URL of those parameters that say where it leads and as whom, and of no others."""
    user = f"{quote(parameters['user'], safe='')}@" if parameters.get("user") else ""
    hosts, ports = (parameters.get(name, "") for name in ("host", "port"))
    plain = not hosts.startswith(("/", "@"))
    authority = _authority(hosts, ports) if plain else ""
    options = {name: parameters[name] for name in ("service",) if parameters.get(name)}
    if not plain:
        options |= {"host": hosts} | ({"port": ports} if ports else {})
    query = "&".join(f"{name}={quote(value, safe='/,')}" for name, value in options.items())
    path = quote(parameters.get("dbname", ""), safe="")
    return f"postgresql://{user}{authority}/{path}{'?' if query else ''}{query}"


def _authority(hosts: str, ports: str) -> str:
    """Hosts with their ports; one port may stand for all of them."""
    names = hosts.split(",")
    numbers = ports.split(",") if ports else [""]
    if len(numbers) == 1:
        numbers *= len(names)
    pairs = zip(names, numbers, strict=False)
    return ",".join(_host(name) + (f":{number}" if number else "") for name, number in pairs)


def _host(name: str) -> str:
    return f"[{name}]" if ":" in name else quote(name, safe="")


def _require_encoded(address: str) -> None:
    """Refuse a URL in which a part of the password would be taken for a host or a port.

    libpq ends user and password at the first ``@``, and looks for none after a ``/``. What it then
    says of the host that it cannot find would be a part of the password.
    """
    authority, _, rest = address.partition("://")[2].partition("/")
    if authority.count("@") > 1 or "@" in rest.partition("?")[0]:
        raise NotATarget(
            "in a URL, an @ or / in a user, password or database has to be written as %40 or %2F"
        )


def _require_ports(text: str) -> None:
    """Raises NotATarget for a port that there cannot be; libpq says so when it connects only."""
    for port in filter(None, text.split(",")):
        if not (port.isascii() and port.isdigit() and 0 < int(port[:6]) < 2**16):
            raise NotATarget("this is no address that libpq understands: a port is 1 to 65535")


def _require_plain(parameters: Mapping[str, str]) -> None:
    """Refuse what libpq would quote in an error, or what hides another address in itself."""
    if any(port and not port.isdecimal() for port in parameters.get("port", "").split(",")):
        raise NotATarget("the port is not a number; in a URL, a / in a password is written as %2F")
    if "://" in parameters.get("dbname", ""):
        raise NotATarget("the name of the database is an address itself")


def _mistake(problem: Exception) -> str:
    text = str(problem)
    return next((said for start, said in _MISTAKES.items() if text.startswith(start)), "its form")
