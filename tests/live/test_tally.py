from sim.live.tally import Tally


def _measuring() -> Tally:
    tally = Tally()
    tally.measuring = True
    return tally


def test_latencies_count_in_the_window_alone() -> None:
    tally = Tally()
    for measuring in (False, True, False):
        tally.measuring = measuring
        tally.write(2_000_000, 5_000, 200, "")
        tally.refetch(3_000_000, 200, "")
        tally.delivery(4_000_000)
        tally.shown(500_000_000)
    assert (tally.writes, tally.refetches, tally.deliveries) == (3, 3, 3)
    assert (tally.lateness.count, tally.event_to_refetch.count) == (1, 1)
    assert [(entry.kind, entry.name, entry.milliseconds, entry.failure) for entry in tally.entries] == [
        ("POST", "heartbeat", 2.0, ""),
        ("POST", "refetch", 3.0, ""),
        ("WS", "delivery", 4.0, ""),
        ("WS", "event-to-refetch", 500.0, ""),
    ]


def test_a_failed_request_is_a_failure_with_its_reason() -> None:
    tally = _measuring()
    tally.write(1, 0, 503, "")
    tally.refetch(1, 0, "connection refused")
    assert [entry.failure for entry in tally.entries] == ["answered 503", "connection refused"]


def test_an_early_send_is_not_late() -> None:
    tally = _measuring()
    tally.write(1, -5, 200, "")
    assert tally.lateness.maximum == 0


def test_a_target_fails_from_its_first_failure_until_its_next_answer() -> None:
    tally = Tally()
    assert tally.failing_since_ns == 0
    tally.answered(0, "connection refused")
    since_ns = tally.failing_since_ns
    assert since_ns > 0
    tally.answered(0, "no answer in time")
    assert (tally.failing_since_ns, tally.last_failure) == (since_ns, "no answer in time")
    tally.answered(500, "")
    assert (tally.failing_since_ns, tally.answers, tally.last_failure) == (0, 1, "answered 500")
