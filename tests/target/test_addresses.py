import ipaddress

import pytest

from sim.target.addresses import LARGEST_ADDRESS, TAILNET, tailnet_ip


@pytest.mark.parametrize(
    ("address", "ip"), [(1, "100.64.0.1"), (256, "100.64.1.0"), (LARGEST_ADDRESS, "100.127.255.254")]
)
def test_addresses_count_through_the_range(address: int, ip: str) -> None:
    assert tailnet_ip(address) == ip
    assert ipaddress.ip_address(ip) in TAILNET
