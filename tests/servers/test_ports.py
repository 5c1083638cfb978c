"""Ports for servers that cannot choose one themselves."""

import socket

from earwitness.servers import ports


def test_every_name_gets_a_port_of_its_own_and_keeps_it() -> None:
    text, chosen = ports.fill("listen @port:web@; listen @port:quic@ udp; also @port:web@;")
    assert set(chosen) == {"web", "quic"}
    assert chosen["web"] != chosen["quic"]
    web, quic = chosen["web"], chosen["quic"]
    assert text == f"listen {web}; listen {quic} udp; also {web};"


def test_a_text_without_names_stays_as_it_is() -> None:
    assert ports.fill("user@host $port {port}") == ("user@host $port {port}", {})


def test_free_ports_differ_and_can_be_bound_with_tcp_and_udp() -> None:
    chosen = ports.free(20)
    assert len(set(chosen)) == 20
    for port in chosen:
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            with socket.socket(socket.AF_INET, kind) as bound:
                bound.bind(("127.0.0.1", port))
