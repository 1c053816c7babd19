"""Where load may go: to loopback, or to a host that the user named; to the vendor's own service never."""

import ipaddress
import socket
from typing import Final
from urllib.parse import urlsplit

from sim.errors import TargetError, UsageError
from sim.live.socket import Address

REFUSED_DOMAIN: Final = "quickztna.com"
"""A shared service whose policy asks not to be load-tested (contract 8)."""


def resolve(url: str, allowed: tuple[str, ...] = ()) -> Address:
    """The one address that the whole run talks to, so that a name cannot lead elsewhere later.

    Raises `UsageError` for a URL that is none or a host that is not allowed, `TargetError` for an unknown name.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".").lower()
    try:
        port = parts.port or 80
    except ValueError:
        raise UsageError(f"--target {url}: the port must be a number from 1 to 65535") from None
    if parts.scheme != "http" or not host:
        raise UsageError(f"--target {url}: it must be a URL such as http://127.0.0.1:8787")
    if host == REFUSED_DOMAIN or host.endswith("." + REFUSED_DOMAIN):
        raise UsageError(f"--target {url}: {REFUSED_DOMAIN} is a shared production service and never a target")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise TargetError(f"--target {url}: {host} has no address: {error}") from None
    family, _, _, _, peer = found[0]
    if host not in {name.lower() for name in allowed} and not ipaddress.ip_address(peer[0]).is_loopback:
        raise UsageError(f"--target {url}: {host} is not this machine; if you own it, add --allow-host {host}")
    return int(family), (str(peer[0]), port)
