"""A session as octets and times go in: when it comes up, what it says, why it ends."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.servers.bgp import attributes, history, message
from earwitness.servers.bgp.attributes import Attributes, Origin
from earwitness.servers.bgp.errors import Cease, ErrorCode
from earwitness.servers.bgp.history import Down, Heard, Up
from earwitness.servers.bgp.message import Keepalive, Notification, Open, Update
from earwitness.servers.bgp.prefix import family_of
from earwitness.servers.bgp.session import (
    OPEN_SECONDS,
    Admission,
    Ended,
    Established,
    Peer,
    Session,
)

US = Open(asn=65000, router_id=ipaddress.IPv4Address("192.0.2.254"), hold_seconds=90)
THEM = Open(asn=64512, router_id=ipaddress.IPv4Address("192.0.2.1"), hold_seconds=30)
PEER = Peer(THEM.asn, THEM.router_id)
NET = ipaddress.ip_network("192.0.2.0/28")
OTHER_NET = ipaddress.ip_network("2001:db8::/48")


def announcement(*path, prefixes=(NET,)):
    said = Attributes(origin=Origin.IGP, as_path=attributes.sequence(*path), next_hop=US.router_id)
    return Update(attributes=said, announced=prefixes)


def fresh(answer=Admission.WELCOME):
    return Session(US, lambda peer: answer, 0.0)


def feed(session, *messages, now=0.0):
    octets = b"".join(map(message.encode, messages))
    return list(session.receive(octets, now))


def said(session):
    return [message.decode(part) for part in message.split(session.outgoing())]


def established():
    session = fresh()
    assert feed(session, THEM, Keepalive()) == [Established(PEER)]
    session.outgoing()
    return session


def test_it_introduces_itself_and_confirms():
    session = fresh()
    assert said(session) == [US]
    assert feed(session, THEM) == []
    assert said(session) == [Keepalive()]
    assert not session.established
    assert feed(session, Keepalive()) == [Established(PEER)]
    assert session.established


@given(st.lists(st.integers(1, 40)))
def test_how_the_octets_are_cut_changes_nothing(cuts):
    update = announcement(64512)
    octets = b"".join(map(message.encode, (THEM, Keepalive(), update, Keepalive())))
    session, found = fresh(), []
    for cut in cuts:
        part, octets = octets[:cut], octets[cut:]
        if part:
            found += session.receive(part, 0.0)
    if octets:
        found += session.receive(octets, 0.0)
    assert found == [Established(PEER), update]


@pytest.mark.parametrize(
    ("answer", "code", "subcode"),
    [
        (Admission.UNKNOWN, ErrorCode.OPEN, 2),
        (Admission.SHUT, ErrorCode.CEASE, Cease.CONNECTION_REJECTED),
        (Admission.BUSY, ErrorCode.CEASE, Cease.CONNECTION_COLLISION),
    ],
)
def test_who_is_not_welcome_is_told_why(answer, code, subcode):
    session = fresh(answer)
    (ended,) = feed(session, THEM)
    assert isinstance(ended, Ended)
    assert ended.peer is None
    assert said(session) == [US, Notification(code, subcode)]
    assert session.closed


def test_an_update_before_the_session_is_up_is_out_of_turn():
    session = fresh()
    (ended,) = feed(session, THEM, announcement(64512))
    assert ended == Ended(PEER, "UPDATE out of turn")
    assert said(session)[-1] == Notification(ErrorCode.STATE_MACHINE, 0)


def test_a_broken_update_ends_the_session():
    session = established()
    octets = bytearray(message.encode(announcement(64512)))
    octets[26] = 9  # ORIGIN
    (ended,) = session.receive(bytes(octets), 0.0)
    assert ended.peer == PEER
    assert said(session) == [Notification(ErrorCode.UPDATE, 6)]
    assert feed(session, announcement(64512)) == []


def test_the_smaller_hold_time_counts_and_a_third_of_it_between_keepalives():
    session = established()
    assert list(session.tick(9.9)) == []
    assert session.outgoing() == b""
    list(session.tick(10.0))
    assert said(session) == [Keepalive()]
    assert feed(session, Keepalive(), now=29.0) == []
    assert list(session.tick(58.9)) == []
    session.outgoing()
    (ended,) = session.tick(59.0)
    assert ended.peer == PEER
    assert said(session) == [Notification(ErrorCode.HOLD_TIMER, 0)]


def test_who_never_introduces_himself_is_dropped():
    session = fresh()
    assert list(session.tick(OPEN_SECONDS - 0.1)) == []
    (ended,) = session.tick(OPEN_SECONDS)
    assert ended.peer is None


def test_what_ended_ends_once():
    session = established()
    assert len(list(session.end(Cease.ADMINISTRATIVE_SHUTDOWN))) == 1
    assert list(session.end(Cease.ADMINISTRATIVE_SHUTDOWN)) == []
    assert list(session.lost("gone")) == []
    assert said(session) == [Notification(ErrorCode.CEASE, 2)]


def test_a_notification_says_why():
    session = established()
    (ended,) = feed(session, Notification(ErrorCode.CEASE, 2))
    assert ended.reason == "notification: cease, subcode 2"


def test_routes_follow_from_what_was_heard():
    other = Peer(64513, THEM.router_id)
    both = Update(
        attributes=Attributes(
            origin=Origin.IGP,
            as_path=attributes.sequence(64512),
            next_hop=US.router_id,
            reach_family=family_of(OTHER_NET),
            reach_next_hop=b"\x20" * 16,
            reach=(OTHER_NET,),
        ),
        announced=(NET,),
    )
    gone = Update(attributes=Attributes(unreach_family=family_of(NET), unreach=(NET,)))
    events = [
        Up(1, PEER),
        Up(1, other),
        Heard(2, PEER, both),
        Heard(3, other, announcement(64513, 64512)),
        Heard(4, PEER, announcement(64514, 64512)),
        Heard(5, PEER, gone),
        Down(6, other, "closed"),
    ]
    views = [view for _, view in history.replay({}, events)]
    assert views[3][PEER].keys() == {NET, OTHER_NET}
    assert views[4][PEER][NET].asns == (64514, 64512), "the last path counts"
    assert views[5][PEER].keys() == {OTHER_NET}, "IPv4 may be withdrawn by attribute too"
    assert views[5][other].keys() == {NET}
    assert views[6].keys() == {PEER}, "routes go with their session"
    assert views[3][PEER].keys() == {NET, OTHER_NET}, "older views do not change"
