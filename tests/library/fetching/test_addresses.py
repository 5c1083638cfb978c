import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.library.fetching import addresses
from earwitness.library.fetching.problems import Refused, Unreachable

SPECIAL = [
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.2.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.1.1.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::8.8.8.8",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:808:808::",
    "3fff::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
    "4000::1",
]


@pytest.mark.parametrize("address", SPECIAL)
def test_special_addresses_are_refused_with_a_word_for_them(address):
    assert addresses.refusal(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        "1.1.1.1",
        "100.63.255.255",
        "172.32.0.1",
        "2606:4700::1",
        "::ffff:8.8.8.8",
        "64:ff9b::808:808",
    ],
)
def test_public_addresses_may_be_asked(address):
    assert addresses.refusal(ipaddress.ip_address(address)) is None


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_judged_alike_in_every_form_that_reaches_it(address):
    mapped = ipaddress.IPv6Address(f"::ffff:{address}")
    translated = ipaddress.IPv6Address(f"64:ff9b::{address}")
    plain = addresses.refusal(address)
    assert addresses.refusal(mapped) == addresses.refusal(translated) == plain


@given(st.ip_addresses())
def test_whatever_python_knows_as_not_global_is_refused(address):
    if not address.is_global or address.is_multicast:
        # the only exception: what carries an IPv4 address is what that is
        carried = getattr(address, "ipv4_mapped", None)
        assert addresses.refusal(carried or address) or (carried and carried.is_global)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.1", "2130706433", "0x7f.1", "0x7f000001", "017700000001", "localhost"],
)
def test_loopback_is_refused_however_it_is_written(host):
    with pytest.raises(Refused, match=r"loopback.*--allow-host"):
        addresses.places(host, 80)


def test_one_bad_address_among_good_ones_is_enough(monkeypatch):
    def resolver(*_args, **_options):
        return [(addresses.socket.AF_INET, 1, 6, "", (a, 80)) for a in ("1.1.1.1", "10.0.0.7")]

    monkeypatch.setattr(addresses.socket, "getaddrinfo", resolver)
    with pytest.raises(Refused, match=r"10\.0\.0\.7, which is private"):
        addresses.places("two-faced.example", 80)


def test_an_allowed_host_may_be_anywhere():
    assert addresses.places("127.0.0.1", 80, allowed={"127.0.0.1"})


def test_a_name_without_an_address_is_unreachable():
    with pytest.raises(Unreachable, match=r"nowhere\.invalid has no address"):
        addresses.places("nowhere.invalid", 80)
