import socket

import pytest

from sim.errors import TargetError, UsageError
from sim.live.wire.safety import resolve

EVERYWHERE = (
    "quickztna.com",
    "login.quickztna.com",
    "sub.quickztna.com",
    "quickztna\N{IDEOGRAPHIC FULL STOP}com",
    "192.168.1.1",
)


@pytest.mark.parametrize(
    ("url", "peer"),
    [
        ("http://127.0.0.1:8787", ("127.0.0.1", 8787)),
        ("http://127.0.0.1:8787/", ("127.0.0.1", 8787)),
        ("HTTP://127.8.9.10", ("127.8.9.10", 80)),
        ("http://[::1]:9", ("::1", 9)),
        ("http://0x7f.1:1", ("127.0.0.1", 1)),
    ],
)
def test_loopback_is_allowed_as_one_numeric_address(url: str, peer: tuple[str, int]) -> None:
    family, found = resolve(url)
    assert found == peer
    assert family == (socket.AF_INET6 if ":" in peer[0] else socket.AF_INET)


def test_localhost_is_this_machine() -> None:
    assert resolve("http://LocalHost:1234")[1][0] in ("127.0.0.1", "::1")


@pytest.mark.parametrize(
    "host", ["192.168.1.1", "0.0.0.0", "3232235777", "8.8.8.8", "[::]", "[::ffff:8.8.8.8]", "169.254.169.254"]
)
def test_another_host_needs_its_name_said(host: str) -> None:
    with pytest.raises(UsageError, match=r"is not this machine; if you own it, add --allow-host"):
        resolve(f"http://{host}:80")


def test_a_host_that_was_named_is_allowed_and_no_other() -> None:
    assert resolve("http://192.168.1.1:5", ("192.168.1.1",))[1] == ("192.168.1.1", 5)
    with pytest.raises(UsageError, match=r"--allow-host 192\.168\.1\.2"):
        resolve("http://192.168.1.2:5", ("192.168.1.1",))


@pytest.mark.parametrize(
    "host",
    [
        "quickztna.com",
        "LOGIN.QUICKZTNA.COM.",
        "sub.quickztna.com",
        "a.b.QuickZTNA.com",
        "quickztna.com..",
        "quickztna\N{IDEOGRAPHIC FULL STOP}com",
        "\N{FULLWIDTH LATIN SMALL LETTER Q}uickztna.com",
        "login.quickztna\N{FULLWIDTH FULL STOP}com",
    ],
)
@pytest.mark.parametrize("allowed", [(), EVERYWHERE])
def test_the_shared_service_is_refused_always(host: str, allowed: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match=r"quickztna\.com is a shared production service and never a target"):
        resolve(f"http://{host}:80", (*allowed, host))


@pytest.mark.parametrize("host", ["notquickztna.com.invalid", "quickztna.com.invalid"])
def test_a_name_that_has_no_address_is_the_targets_fault(host: str) -> None:
    with pytest.raises(TargetError, match="has no address"):
        resolve(f"http://{host}", (host,))


@pytest.mark.parametrize("port", ["0", "65536", "99999999", "-1", "eighty", "1.5"])
def test_a_port_out_of_range_is_refused(port: str) -> None:
    with pytest.raises(UsageError, match="the port must be a number from 1 to 65535"):
        resolve(f"http://127.0.0.1:{port}")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "127.0.0.1:8787",
        "//127.0.0.1",
        "ftp://127.0.0.1",
        "https://127.0.0.1",
        "ws://127.0.0.1",
        "http://",
        "http://:80",
        "http://[::1",
        "http://[nonsense]",
        "http://127.0.0.1/?a=b",
        "http://127.0.0.1/#a",
        "http://127.0.0.1/a b",
        "http://127.0.0.1/\x07",
    ],
)
def test_what_is_no_url_of_a_target_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match=r"it must be a URL such as http://127\.0\.0\.1:8787"):
        resolve(url)


@pytest.mark.parametrize("host", ["a" * 64, "a..b", "a" * 300, "\N{SNOWMAN}" * 80])
def test_a_name_that_cannot_be_is_refused_in_a_line(host: str) -> None:
    with pytest.raises((UsageError, TargetError)) as caught:
        resolve(f"http://{host}")
    assert "\n" not in str(caught.value)


def test_a_password_in_the_url_is_refused_and_not_repeated() -> None:
    with pytest.raises(UsageError, match="e-mail and password belong into the credentials file") as caught:
        resolve("http://someone:hunter2@127.0.0.1:80")
    assert "hunter2" not in str(caught.value)
