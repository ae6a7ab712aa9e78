"""Network addresses: whom to throttle, and what to show of a place."""

import ipaddress


def throttled_network(ip: str) -> str:
    """Who shares a throttle: one IPv4 address, or an IPv6 /64, of which one customer has all."""
    return _prefix(ip, 32, 64)


def place_of(ip: str) -> str:
    """As much of an address as tells its owner "that was me": its /24 or /48. Empty for what is no address."""
    return _prefix(ip, 24, 48)


def _prefix(ip: str, length4: int, length6: int) -> str:
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    length = length4 if address.version == 4 else length6
    return str(ipaddress.ip_network((address, length), strict=False))
