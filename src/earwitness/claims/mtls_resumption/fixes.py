"""What to change, in the words of the configuration of the server at hand.

Which server it is, it says itself; one that says nothing gets what holds for all. Texts only.
"""

from collections.abc import Mapping

_GENERAL = "any server"

_NAMES: Mapping[str, str] = {
    "nginx": "nginx",
    "apache": "Apache",
    "haproxy": "HAProxy",
    "node": "Node",
    "go": "Go",
    "caddy": "Caddy",
    "envoy": "Envoy",
}
"""What servers of HTTP are called, which may also stand behind the one that ends TLS."""

_RESUMPTION: Mapping[str, str] = {
    "nginx": "`ssl_session_tickets off; ssl_session_cache off;` where client certificates are asked for; "
    "or a `map $ssl_client_serial` of revoked serial numbers that is asked for each request; or "
    "`ssl_ocsp on`, which asks again when a session is resumed.",
    "apache": "`SSLSessionTickets off` and `SSLSessionCache none` where client certificates are asked "
    "for; or a `Require expr` on `SSL_CLIENT_M_SERIAL`, which is asked for each request.",
    "haproxy": "`no-tls-tickets` on the bind line together with `tune.ssl.cachesize 0`; or a rule on "
    "`ssl_c_serial,hex` with a file of revoked serial numbers, which is asked for each request.",
    "node": "`secureOptions: SSL_OP_NO_TICKET`, and no `resumeSession` handler; or a look at the serial "
    "number of `socket.getPeerCertificate()` for each request.",
    "go": "The list of revoked certificates in `VerifyConnection`, which runs for resumed sessions too; "
    "or `SessionTicketsDisabled`.",
    "caddy": "A handler that asks for the serial number of the client certificate for each request.",
    "envoy": "`enable_resumption: false` in the transport socket of QUIC; over TCP "
    "`disable_stateless_session_resumption` and `disable_stateful_session_resumption`.",
    _GENERAL: "Ask for the serial number of the client certificate for each request, which the server "
    "knows of a resumed session too; or resume no sessions of clients with certificates; or replace "
    "ticket keys and session memory with each list.",
}
_HOSTS: Mapping[str, str] = {
    "nginx": "A version with the fixes of its security advisories; one address or port for each client "
    "authority; `ssl_reject_handshake on` in the `default_server`.",
    "haproxy": "`strict-sni`, and a rule that holds `ssl_fc_sni` against the authority of the certificate "
    "(`ssl_c_i_dn`) for each request; or one bind line, with ticket keys of its own, for each authority.",
    "apache": "`SSLStrictSNIVHostCheck on`; one address or port for each client authority.",
    "node": "One server, with `ticketKeys` of its own, for each client authority.",
    "go": "`VerifyConnection` with a look at `ServerName` and the chain; or ticket keys of its own for "
    "each configuration.",
    _GENERAL: "One address or port, with ticket keys of its own, for each client authority; or hold the "
    "issuer of the certificate against the host for each request, resumed or not.",
}
_ENFORCEMENT: Mapping[str, str] = {
    "nginx": "`ssl_verify_client on` with `ssl_client_certificate`; with `optional`, a rule on "
    "`$ssl_client_verify`.",
    "apache": "`SSLVerifyClient require` with `SSLCACertificateFile`.",
    "haproxy": "`verify required ca-file` on the bind line; with `verify optional`, a rule on "
    "`ssl_c_used` and `ssl_c_verify`.",
    "postgresql": "`clientcert=verify-full` in `pg_hba.conf`, with `ssl_ca_file`.",
    _GENERAL: "Require a client certificate where one is asked for, and name the authority.",
}
_EARLY: Mapping[str, str] = {
    "nginx": "`ssl_early_data off`, or refuse where `$ssl_early_data` is 1.",
    "haproxy": "No `allow-0rtt` on the bind line, or `wait-for-handshake` in the rules.",
    "envoy": "`enable_early_data: false` in the transport socket of QUIC.",
    _GENERAL: "No early data where client certificates decide.",
}
_LISTS: Mapping[str, str] = {
    "nginx": "`ssl_crl` with the current list, and a reload after each.",
    "apache": "`SSLCARevocationFile` and `SSLCARevocationCheck chain`, and a reload after each list.",
    "haproxy": "`crl-file` on the bind line, and a reload or `commit ssl crl-file` after each list.",
    "postgresql": "`ssl_crl_file`, and a reload after each list.",
    _GENERAL: "Have the server take the current list of revoked certificates, and see that it does.",
}


def resumption(server: str) -> str:
    """Against sessions that outlive a revocation."""
    return _of(_RESUMPTION, server)


def hosts(server: str) -> str:
    """Against a session of one host at another."""
    return _of(_HOSTS, server)


def enforcement(server: str) -> str:
    """Against a host that lets everybody in."""
    return _of(_ENFORCEMENT, server)


def early(server: str) -> str:
    """Against early data."""
    return _of(_EARLY, server)


def lists(server: str) -> str:
    """Against a certificate that is revoked and gets in."""
    return _of(_LISTS, server)


def _of(texts: Mapping[str, str], server: str) -> str:
    said = server.lower()
    known = next((name for name in texts if name != _GENERAL and said.startswith(name)), _GENERAL)
    return f"If {_NAMES[known]} ends TLS here: {texts[known]}" if known in _NAMES else texts[known]
