"""Addresses inside an organisation's network: 100.64.0.0/10 (RFC 6598), the same range in each."""

import ipaddress
from typing import Final

TAILNET: Final = ipaddress.ip_network("100.64.0.0/10")
LARGEST_ADDRESS: Final = TAILNET.num_addresses - 2
"""Most machines of an organisation: the range without its first and last address."""

_FIRST: Final = int(TAILNET.network_address)


def tailnet_ip(address: int) -> str:
    """The IP of an organisation's machine number `address`, from 1 to LARGEST_ADDRESS."""
    return str(ipaddress.ip_address(_FIRST + address))
