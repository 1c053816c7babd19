"""What an event costs a dashboard of ours, against the usual Locust way: the two in turn, in one run.

The figure to quote is the ratio: absolute times drift from machine to machine, and from minute to minute.
"""

import argparse
import json
import statistics
import subprocess
import sys


def measure(name: str, sockets: int, rate: int, seconds: float) -> dict[str, float]:
    """One client against a push server of its own."""
    module = "benchmarks.push_server"
    server = subprocess.Popen(
        [sys.executable, "-m", module, str(sockets), str(rate)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert server.stdin is not None
    assert server.stdout is not None
    try:
        port = server.stdout.readline().decode().strip()
        command = [sys.executable, "-m", "benchmarks.receive_clients", name, port, str(sockets), str(seconds)]
        done = subprocess.run(command, capture_output=True, check=True, timeout=120 + 3 * seconds)
        return dict(json.loads(done.stdout))
    finally:
        server.stdin.close()
        server.wait(timeout=30)
        server.stdout.close()


def main() -> None:
    """Print both clients' medians and the ratio pair by pair."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.receive", description=__doc__)
    parser.add_argument("sockets", nargs="?", type=int, default=1000)
    parser.add_argument("events_per_s", nargs="?", type=int, default=5000)
    parser.add_argument("seconds", nargs="?", type=float, default=5.0)
    parser.add_argument("rounds", nargs="?", type=int, default=3)
    asked = parser.parse_args()
    sockets, rate, seconds, rounds = asked.sockets, asked.events_per_s, asked.seconds, asked.rounds
    pairs = [(measure("ours", sockets, rate, seconds), measure("usual", sockets, rate, seconds)) for _ in range(rounds)]
    sys.stdout.write(f"{sockets:,} sockets, {rate:,} events/s, {rounds} rounds of {seconds:g} s; medians\n")
    for key, unit in (("us_per_event", "us of CPU per event"), ("kb_per_socket", "kB per socket")):
        our, their = (statistics.median(pair[k][key] for pair in pairs) for k in (0, 1))
        ratio = statistics.median(pair[1][key] / pair[0][key] for pair in pairs)
        sys.stdout.write(f"{unit:22} ours {our:8.1f}   usual {their:8.1f}   ratio {ratio:5.2f}\n")


if __name__ == "__main__":
    main()
