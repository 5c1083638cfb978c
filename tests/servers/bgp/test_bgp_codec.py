"""Messages and prefixes: what is encoded is decoded again, and broken octets are named as such."""

import ipaddress
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.servers.bgp import attributes, message, prefix
from earwitness.servers.bgp.attributes import (
    AsPath,
    Attributes,
    Origin,
    Segment,
    SegmentKind,
    Unknown,
)
from earwitness.servers.bgp.errors import ErrorCode, ProtocolError
from earwitness.servers.bgp.message import Keepalive, Notification, Open, Update
from earwitness.servers.bgp.prefix import Family, MalformedPrefix

asns = st.integers(1, 2**32 - 1)
fours = st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 32)).map(
    lambda one: ipaddress.IPv4Network(one, strict=False)
)
sixes = st.tuples(st.integers(0, 2**128 - 1), st.integers(0, 128)).map(
    lambda one: ipaddress.IPv6Network(one, strict=False)
)
segments = st.builds(
    Segment,
    st.sampled_from(SegmentKind),
    st.lists(asns, min_size=1, max_size=8).map(tuple),
)
several_sixes = st.lists(sixes, max_size=8).map(tuple)
unknowns = st.lists(
    st.builds(
        Unknown,
        st.sampled_from([0x40, 0x80, 0xC0]),
        st.integers(16, 200),
        st.binary(max_size=200),
    ),
    max_size=3,
    unique_by=lambda one: one.type,
).map(lambda several: tuple(sorted(several, key=lambda one: one.type)))


@st.composite
def described(draw):
    said = {}
    if draw(st.booleans()):
        said = {"reach_family": Family.IPV6, "reach": draw(several_sixes)}
        said["reach_next_hop"] = draw(st.sampled_from([b"\x20" * 16, b"\x20" * 32]))
    if draw(st.booleans()):
        said |= {"unreach_family": Family.IPV6, "unreach": draw(several_sixes)}
    return Attributes(
        origin=draw(st.none() | st.sampled_from(Origin)),
        as_path=draw(st.none() | st.lists(segments, max_size=4).map(tuple).map(AsPath)),
        next_hop=draw(st.none() | st.ip_addresses(v=4)),
        unknown=draw(unknowns),
        **said,
    )


several_fours = st.lists(fours, max_size=20).map(tuple)
updates = st.builds(
    Update, withdrawn=several_fours, attributes=described(), announced=several_fours
)
opens = st.builds(
    Open,
    asn=asns,
    router_id=st.ip_addresses(v=4).filter(lambda one: int(one) != 0),
    hold_seconds=st.integers(0, 65535).filter(lambda seconds: seconds not in (1, 2)),
    families=st.sets(st.sampled_from(Family), min_size=1).map(frozenset),
)
notifications = st.builds(
    Notification, st.integers(1, 6), st.integers(0, 11), st.binary(max_size=40)
)
anything = updates | opens | notifications | st.just(Keepalive())


@given(anything)
def test_a_message_survives_its_octets(one):
    octets = message.encode(one)
    assert [message.decode(part) for part in message.split(octets)] == [one]


@given(st.lists(anything, max_size=5), st.integers(0, 18))
def test_a_stream_is_split_into_its_messages_and_the_rest_waits(several, extra):
    stream = b"".join(map(message.encode, several))
    tail = message.encode(Keepalive())[:extra]
    assert [message.decode(part) for part in message.split(stream + tail)] == several


@given(st.binary(max_size=80))
def test_arbitrary_octets_after_a_marker_are_a_message_or_an_objection(body):
    stream = message.MARKER + struct.pack("!HB", 19 + len(body), message.Type.UPDATE) + body
    try:
        for part in message.split(stream):
            message.decode(part)
    except ProtocolError as problem:
        assert problem.code in {ErrorCode.HEADER, ErrorCode.UPDATE}


@given(st.lists(fours), st.lists(sixes))
def test_prefixes_survive_their_octets(four, six):
    assert prefix.decode(Family.IPV4, prefix.encode(four)) == tuple(four)
    assert prefix.decode(Family.IPV6, prefix.encode(six)) == tuple(six)


def test_the_octets_of_an_update_are_those_of_the_rfc():
    # withdrawn 198.51.100.0/24; ORIGIN IGP, AS_PATH 64513 64512, NEXT_HOP; 192.0.2.0/28
    octets = bytes.fromhex(
        "ffffffffffffffffffffffffffffffff" "0038" "02"
        "0004" "18c63364"
        "0018" "40010100" "40020a0202" "0000fc01" "0000fc00" "400304c0000201"
        "1cc0000200"
    )  # fmt: skip
    (whole,) = message.split(octets)
    update = message.decode(whole)
    assert update == Update(
        withdrawn=(ipaddress.ip_network("198.51.100.0/24"),),
        attributes=Attributes(
            origin=Origin.IGP,
            as_path=attributes.sequence(64513, 64512),
            next_hop=ipaddress.IPv4Address("192.0.2.1"),
        ),
        announced=(ipaddress.ip_network("192.0.2.0/28"),),
    )
    assert message.encode(update) == octets


def test_an_as_number_of_four_octets_stands_in_the_capability():
    one = Open(asn=4_200_000_000, router_id=ipaddress.IPv4Address("192.0.2.1"), hold_seconds=90)
    octets = message.encode(one)
    assert int.from_bytes(octets[20:22]) == message.AS_TRANS
    assert message.decode(octets).asn == 4_200_000_000


def test_bits_behind_the_length_of_a_prefix_are_ignored():
    assert prefix.decode(Family.IPV4, bytes([28, 192, 0, 2, 0x1F])) == (
        ipaddress.ip_network("192.0.2.16/28"),
    )


@pytest.mark.parametrize("octets", [bytes([33, 1, 2, 3, 4, 5]), bytes([24, 192, 0])])
def test_a_prefix_that_cannot_be_is_refused(octets):
    with pytest.raises(MalformedPrefix):
        prefix.decode(Family.IPV4, octets)


def header(length, kind, marker=message.MARKER):
    return marker + struct.pack("!HB", length, kind)


@pytest.mark.parametrize(
    ("octets", "code", "subcode"),
    [
        (header(19, 4, b"\0" * 16), ErrorCode.HEADER, 1),
        (header(18, 4), ErrorCode.HEADER, 2),
        (header(4097, 2), ErrorCode.HEADER, 2),
        (header(19, 9), ErrorCode.HEADER, 3),
        (header(20, 4) + b"\0", ErrorCode.HEADER, 2),
        (header(29, 1) + b"\3" + bytes(9), ErrorCode.OPEN, 1),
        (header(29, 1) + b"\4\1\1\0\1" + bytes(5), ErrorCode.OPEN, 6),
        (header(29, 1) + b"\4\1\1\0\x5a" + bytes(5), ErrorCode.OPEN, 3),
        (header(23, 2) + b"\0\xff\0\0", ErrorCode.UPDATE, 1),
        (header(25, 2) + b"\0\2\x18\1\0\0", ErrorCode.UPDATE, 10),
        (header(27, 2) + b"\0\0\0\4\x40\1\1\7", ErrorCode.UPDATE, 6),
        (header(28, 2) + b"\0\0\0\5\x40\2\2\2\1", ErrorCode.UPDATE, 11),
    ],
)
def test_what_breaks_a_rule_is_answered_in_the_numbers_of_the_rfc(octets, code, subcode):
    with pytest.raises(ProtocolError) as raised:
        for part in message.split(octets):
            message.decode(part)
    assert (raised.value.code, raised.value.subcode) == (code, subcode)


def test_an_attribute_that_stands_twice_is_refused():
    octets = attributes.encode(Attributes(origin=Origin.IGP))
    with pytest.raises(ProtocolError):
        attributes.decode(octets * 2)


def test_families_that_are_not_spoken_are_kept_as_they_came():
    octets = bytes([0x80, 15, 3]) + struct.pack("!HB", 25, 70)
    (kept,) = attributes.decode(octets).unknown
    assert (kept.type, kept.value) == (15, struct.pack("!HB", 25, 70))
    assert attributes.encode(attributes.decode(octets)) == octets


def test_a_message_that_is_too_long_is_not_made():
    nets = [ipaddress.IPv4Network((index << 8, 24)) for index in range(2000)]
    with pytest.raises(ValueError, match="octets"):
        message.encode(Update(announced=tuple(nets)))
