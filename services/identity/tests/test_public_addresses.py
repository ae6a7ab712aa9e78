"""Which addresses a provider may name: those of the public internet, and no way to write one of ours."""

import pytest

from services.identity.providers.discovery import leads_inside

INSIDE = [
    # IPv4 inside of IPv6: mapped, compatible, translated (RFC 6052, RFC 8215), 6to4, Teredo, ISATAP.
    *("::ffff:10.1.2.3", "::ffff:127.0.0.1", "::ffff:7f00:1", "::ffff:8.8.8.8", "::ffff:0:127.0.0.1"),
    *("::7f00:1", "::127.0.0.1", "::8.8.8.8"),
    *("64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b::8.8.8.8", "64:ff9b:1::a00:1", "64:ff9b:1:ffff::1"),
    *("2002:a01:203::", "2002:7f00:1::1", "2002:808:808::1"),
    *("2001::1", "2001:0:7f00:1::", "2001:0:808:808:0:ffff:f7f7:f7f7"),
    "fe80::5efe:127.0.0.1",
    # What the internet does not route.
    *("::", "::1", "::2", "1::1", "100::1", "100:0:0:1::1", "200::1", "400::1"),
    *("2001:db8::1", "2001:2::1", "2001:10::1", "3fff::1", "4000::1", "5f00::1", "8000::1"),
    *("fc00::1", "fd00::1", "fe00::1", "fe80::1", "fe80::1%lo", "fec0::1", "feff::1", "ff02::1", "ff0e::1"),
    *("0.0.0.0", "0.1.2.3", "10.1.2.3", "100.64.0.1", "127.0.0.1", "127.255.255.254", "169.254.169.254"),
    *("172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.1"),
    *("198.51.100.1", "203.0.113.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"),
    *("2130706433", "0x7f.1", "0", "0177.0.0.1", "127.1"),
]
OUTSIDE = ["8.8.8.8", "203.0.114.7", "2001:4860:4860::8888", "2606:4700:4700::1111", "2a00:1450:4001:82a::200e"]


@pytest.mark.parametrize("address", INSIDE)
def test_it_leads_inside(address: str) -> None:
    assert leads_inside(address)


@pytest.mark.parametrize("address", OUTSIDE)
def test_it_leads_outside(address: str) -> None:
    assert not leads_inside(address)
