"""Where load may go: to loopback, or to a host that the user named; to the vendor's own service never."""

import ipaddress
import socket
import unicodedata
from typing import Final
from urllib.parse import SplitResult, urlsplit

from sim.errors import TargetError, UsageError
from sim.live.wire.socket import Address

REFUSED_DOMAIN: Final = "quickztna.com"
"""A shared service whose policy asks not to be load-tested (contract 8)."""


def resolve(url: str, allowed: tuple[str, ...] = ()) -> Address:
    """The one address that the whole run talks to, so that a name cannot lead elsewhere later.

    Raises `UsageError` for a URL that is none or a host that is not allowed, `TargetError` for an unknown name.
    """
    parts = _split(url)
    host = _plain(parts.hostname or "")
    try:
        port = 80 if parts.port is None else parts.port
    except ValueError:
        port = 0
    if not port:
        raise UsageError(f"target {url}: the port must be a number from 1 to 65535")
    if host == REFUSED_DOMAIN or host.endswith("." + REFUSED_DOMAIN):
        raise UsageError(f"target {url}: {REFUSED_DOMAIN} is a shared production service and never a target")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise TargetError(f"target {url}: {host} has no address: {error}") from None
    family, _, _, _, peer = found[0]
    if host not in {_plain(name) for name in allowed} and not ipaddress.ip_address(peer[0]).is_loopback:
        raise UsageError(f"target {url}: {host} is not this machine; if you own it, add --allow-host {host}")
    return int(family), (str(peer[0]), port)


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = SplitResult("", "", "", "", "")
    if parts.username is not None or parts.password is not None:
        raise UsageError(
            "target: leave the log-in out of the URL; e-mail and password belong into the credentials file"
        )
    unfit = parts.query or parts.fragment or not url.isprintable() or " " in url
    if parts.scheme != "http" or not parts.hostname or unfit:
        raise UsageError(f"target {url!r}: it must be a URL such as http://127.0.0.1:8787")
    return parts


def _plain(host: str) -> str:
    """A host as the resolver will read it: other scripts have dots and letters that become those of ASCII."""
    return unicodedata.normalize("NFKC", host).replace("\u3002", ".").casefold().rstrip(".")
