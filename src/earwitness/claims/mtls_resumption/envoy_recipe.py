"""What Envoy is told: one port, with the same door over TCP and over QUIC.

Texts only, as in ``recipes``. Authority and list are a secret of their own, which is the part of its
configuration that Envoy reads again when it is told that files have changed.
"""

import json
from collections.abc import Mapping
from typing import Any

from earwitness.claims.mtls_resumption.recipes import Settings, Site
from earwitness.servers.configured import FOLDER, Recipe
from earwitness.servers.program import Program

_TYPE = "type.googleapis.com/envoy.extensions"
_SECRET = "clients"  # noqa: S105 - its name
_SECRETS = f"{FOLDER}/clients.json"
_WATCHED = "watched"
_ALPN = {"tcp": "http/1.1", "quic": "h3"}
_CODEC = {"tcp": "HTTP1", "quic": "HTTP3"}
_SOCKET = {"tcp": "TCP", "quic": "UDP"}

_Message = dict[str, Any]
"""Of its configuration, as JSON has it."""


def envoy_recipe(program: Program, settings: Settings, site: Site) -> Recipe:
    """Envoy, which listens with TCP and with QUIC whatever the arm comes by."""
    configuration = {
        "node": {"id": "door", "cluster": "door"},
        "static_resources": {"listeners": [_listener(settings, site, each) for each in _SOCKET]},
    }
    return Recipe(
        name=f"Envoy {program.version}",
        command=(
            *(str(program.path), "--config-path", f"{FOLDER}/envoy.json", "--log-level", "error"),
            *("--concurrency", "1", "--disable-hot-restart"),
        ),
        files={
            "envoy.json": json.dumps(configuration),
            "clients.json": json.dumps({"resources": [_clients(site)]}),
        },
        folders=(_WATCHED,),
        watched=_WATCHED,
    )


def _listener(settings: Settings, site: Site, transport: str) -> _Message:
    address = {
        "protocol": _SOCKET[transport],
        "address": "127.0.0.1",
        "port_value": "@port:door@",
    }
    listener: _Message = {
        "name": transport,
        "address": {"socket_address": address},
        "filter_chains": [
            {"transport_socket": _ends(settings, site, transport), "filters": [_answers(transport)]}
        ],
    }
    if transport == "quic":
        listener["udp_listener_config"] = {"quic_options": {}}
    return listener


def _ends(settings: Settings, site: Site, transport: str) -> _Message:
    """The end of TLS, over TCP or inside of QUIC."""
    resumes = settings["resumption"] == "tickets"
    tls: _Message = {
        "require_client_certificate": True,
        "common_tls_context": _tls(site, transport),
    }
    if site.ticket_keys is not None:
        tls["session_ticket_keys"] = {"keys": [{"filename": str(site.ticket_keys)}]}
    if transport == "tcp":
        return _typed("tls", "transport_sockets.tls.v3.DownstreamTlsContext", tls)
    quic = {
        "downstream_tls_context": tls,
        "enable_resumption": resumes,
        "enable_early_data": resumes and bool(settings.get("early")),
    }
    return _typed("quic", "transport_sockets.quic.v3.QuicDownstreamTransport", quic)


def _tls(site: Site, transport: str) -> _Message:
    server = {
        "certificate_chain": {"filename": str(site.server.certificate)},
        "private_key": {"filename": str(site.server.key)},
    }
    return {
        "alpn_protocols": [_ALPN[transport]],
        "tls_params": {
            "tls_minimum_protocol_version": "TLSv1_3",
            "tls_maximum_protocol_version": "TLSv1_3",
        },
        "tls_certificates": [server],
        "validation_context_sds_secret_config": {
            "name": _SECRET,
            "sds_config": {"path_config_source": {"path": _SECRETS}},
        },
    }


def _clients(site: Site) -> _Message:
    """Who is let in, and where to look whether that has changed."""
    return {
        "@type": f"{_TYPE}.transport_sockets.tls.v3.Secret",
        "name": _SECRET,
        "validation_context": {
            "trusted_ca": {"filename": str(site.authority)},
            "crl": {"filename": str(site.lists.revoked)},
            "watched_directory": {"path": f"{FOLDER}/{_WATCHED}"},
        },
    }


def _answers(transport: str) -> _Message:
    """The same answer to whoever comes through."""
    answer = {"status": 200, "body": {"inline_string": "in"}}
    host = {
        "name": "door",
        "domains": ["*"],
        "routes": [{"match": {"prefix": "/"}, "direct_response": answer}],
    }
    router = _typed("envoy.filters.http.router", "filters.http.router.v3.Router", {})
    return _typed(
        "envoy.filters.network.http_connection_manager",
        "filters.network.http_connection_manager.v3.HttpConnectionManager",
        {
            "codec_type": _CODEC[transport],
            "stat_prefix": "door",
            "route_config": {"virtual_hosts": [host]},
            "http_filters": [router],
        },
    )


def _typed(name: str, kind: str, content: Mapping[str, Any]) -> _Message:
    return {"name": name, "typed_config": {"@type": f"{_TYPE}.{kind}", **content}}
