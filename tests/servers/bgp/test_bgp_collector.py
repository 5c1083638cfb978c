"""The collector on real sockets of the loopback interface, with routers made by hand."""

import contextlib
import ipaddress
import socket
import time
from contextlib import closing

import pytest

from earwitness.servers.bgp import attributes, collector, loopback, message
from earwitness.servers.bgp.attributes import Attributes, Origin
from earwitness.servers.bgp.errors import ErrorCode
from earwitness.servers.bgp.history import Down, Heard, Up
from earwitness.servers.bgp.message import Keepalive, Notification, Open, Update
from earwitness.servers.bgp.session import Peer
from earwitness.servers.process import MissingComponent

WE = Open(asn=64512, router_id=ipaddress.IPv4Address("192.0.2.1"), hold_seconds=90)
PEER = Peer(WE.asn, WE.router_id)
NET = ipaddress.ip_network("192.0.2.0/28")
ROUTE = Update(
    attributes=Attributes(
        origin=Origin.IGP, as_path=attributes.sequence(64512), next_hop=WE.router_id
    ),
    announced=(NET,),
)


@pytest.fixture
def listening():
    with collector.running(65000, "192.0.2.254", [PEER]) as one:
        yield one


def connect(listening):
    connection = socket.create_connection((listening.address, listening.port), timeout=5)
    for one in (WE, Keepalive()):
        connection.sendall(message.encode(one))
    return connection


def until(condition):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "it did not happen within 10 s"
        time.sleep(0.002)


def heard(connection):
    """Everything until the collector closes the connection."""
    octets = b""
    # closing with something of ours unread resets the connection, after what it had to say
    with contextlib.suppress(ConnectionResetError):
        while part := connection.recv(4096):
            octets += part
    return [message.decode(one) for one in message.split(octets)]


def test_it_keeps_routes_until_they_are_withdrawn_or_their_session_ends(listening):
    with closing(connect(listening)) as connection:
        until(lambda: PEER in listening.snapshot().view)
        connection.sendall(message.encode(ROUTE))
        until(lambda: NET in listening.snapshot().view[PEER])
        mark = listening.snapshot().mark
        connection.sendall(message.encode(Update(withdrawn=(NET,))))
        until(lambda: not listening.snapshot().view[PEER])
        assert [type(event) for event in listening.since(mark)] == [Heard]
        connection.sendall(message.encode(ROUTE))
        until(lambda: NET in listening.snapshot().view[PEER])
    until(lambda: not listening.snapshot().view)
    kinds = [type(event) for event in listening.since(0)]
    assert kinds == [Up, Heard, Heard, Heard, Down]


def test_a_session_that_is_shut_is_refused_until_it_is_opened(listening):
    with closing(connect(listening)) as connection:
        until(lambda: PEER in listening.snapshot().view)
        listening.shut(PEER)
        assert heard(connection)[-1] == Notification(ErrorCode.CEASE, 2)
    assert not listening.snapshot().view
    with closing(connect(listening)) as connection:
        assert heard(connection)[-1] == Notification(ErrorCode.CEASE, 5)
    listening.open(PEER)
    with closing(connect(listening)):
        until(lambda: PEER in listening.snapshot().view)


def test_a_second_session_of_the_same_router_is_refused(listening):
    with closing(connect(listening)):
        until(lambda: PEER in listening.snapshot().view)
        with closing(connect(listening)) as second:
            assert heard(second)[-1] == Notification(ErrorCode.CEASE, 7)
        assert PEER in listening.snapshot().view


def test_a_stranger_is_turned_away(listening):
    with socket.create_connection((listening.address, listening.port), timeout=5) as connection:
        stranger = Open(asn=64999, router_id=WE.router_id, hold_seconds=90)
        connection.sendall(message.encode(stranger))
        assert heard(connection)[-1] == Notification(ErrorCode.OPEN, 2)
    assert listening.since(0) == ()


def test_its_end_tells_the_routers_and_leaves_nothing_listening():
    with collector.running(65000, "192.0.2.254", [PEER]) as one:
        connection = connect(one)
        until(lambda: PEER in one.snapshot().view)
    with closing(connection):
        assert heard(connection)[-1] == Notification(ErrorCode.CEASE, 2)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((one.address, one.port), timeout=5)


def test_loopback_addresses_are_different_and_ours():
    try:
        addresses = loopback.addresses(7)
    except MissingComponent as missing:
        pytest.skip(missing.reason)
    assert len(set(addresses)) == 7
    assert all(address.is_loopback and loopback.free_port(address) for address in addresses)
