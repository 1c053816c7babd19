from functools import reduce

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.checks import Finding, Partials, Verdict, decode_partials, encode_partials, judge, merge, observe
from sim.checks.generator import Generator, Limits
from sim.checks.partials import CHECKS, merge_all
from sim.history import History
from sim.stats import Histogram
from tests.checks.laws import assert_merges
from tests.checks.words import CLEAN
from tests.checks.worlds import BUCKET_NS, WINDOW_MS, partials, worlds
from tests.histories import history, ns

NAMES = [
    "generator", "latency", "collapse", "excess", "loss", "order", "announcements", "leakage", "refusals",
    "convergence", "staleness", "starvation", "blind", "availability", "protocol",
]  # fmt: skip
EMPTY = Partials(window_ns=ns(WINDOW_MS), bucket_ns=BUCKET_NS)
GENERATOR = Generator(limits=Limits(50, 50, 0.9), lateness=Histogram.of([1_000]), cpu_shares=(0.5,), workers=1)


def _observed(words: str, organisation: int = 0) -> Partials:
    return observe(history(words, organisation=organisation), bytes(32))


def _by_name(found: Partials) -> dict[str, Finding]:
    return {finding.name: finding for finding in judge(found)}


def test_every_check_holds_on_a_clean_run() -> None:
    run = merge(_observed(CLEAN), _observed(CLEAN, organisation=1))
    run = msgspec.structs.replace(run, generator=GENERATOR)
    assert {finding.name: finding.verdict for finding in judge(run)} == dict.fromkeys(NAMES, Verdict.HELD)


def test_every_check_is_unknown_without_data() -> None:
    assert [finding.name for finding in judge(EMPTY)] == NAMES
    assert {finding.verdict for finding in judge(EMPTY)} == {Verdict.UNKNOWN}
    assert {finding.value for finding in judge(EMPTY)} == {None}


def test_every_check_has_its_field_and_its_finding() -> None:
    assert [check.name for check in CHECKS] == NAMES[1:]
    fields = {"window_ns", "bucket_ns", "load", "schedule_digests", "broken", *NAMES}
    assert set(Partials.__struct_fields__) == fields
    for check in CHECKS:
        assert getattr(EMPTY, check.name) == check.empty
        assert check.concluded(check.empty, {}).name == check.name


def test_a_check_that_raises_is_unknown_with_its_text_and_the_others_go_on() -> None:
    broken = _observed("w1+@100-90", organisation=3)  # answered before it was sent: no histogram takes that
    assert list(broken.broken) == ["latency"]
    found = _by_name(merge(broken, _observed(CLEAN)))
    assert found["latency"].verdict is Verdict.UNKNOWN
    assert found["latency"].text == ("the check broke: organisation 3: ValueError: -10000000 is not from 0 to 2^62")
    assert (found["loss"].verdict, found["loss"].count) == (Verdict.HELD, 1)


def test_what_a_broken_check_saw_fail_elsewhere_stays_failed() -> None:
    broken = msgspec.structs.replace(EMPTY, broken={"protocol": "organisation 3: ValueError: 7 is not a valid Breach"})
    finding = _by_name(merge(broken, _observed(f"{CLEAN} b0@300f")))["protocol"]
    assert finding.verdict is Verdict.FAILED
    assert finding.text.endswith("; the check broke: organisation 3: ValueError: 7 is not a valid Breach")
    assert finding.witnesses.first is not None


def test_a_conclusion_that_raises_is_unknown_with_its_text() -> None:
    # An error was counted whose text is missing: the conclusion cannot name it.
    broken = msgspec.structs.replace(EMPTY, generator=msgspec.structs.replace(GENERATOR, error_count=1))
    finding = _by_name(broken)["generator"]
    assert (finding.verdict, finding.text) == (
        Verdict.UNKNOWN,
        "the check broke: IndexError: tuple index out of range",
    )


def test_without_a_worker_the_generator_is_unknown() -> None:
    assert _by_name(_observed(CLEAN))["generator"].text == "no worker reported on itself"


@settings(max_examples=25)
@given(worlds)
def test_merging_is_associative_and_commutative(organisations: list[History]) -> None:
    assert_merges([partials(each) for each in organisations], merge, EMPTY)


@settings(max_examples=25)
@given(worlds, st.randoms(use_true_random=False))
def test_any_split_over_workers_gives_the_whole(organisations: list[History], chance: object) -> None:
    parts = [partials(each) for each in organisations]
    shares: list[list[Partials]] = [[], [], []]
    for number, part in enumerate(parts):
        shares[hash((str(chance), number)) % 3].append(part)
    merged = [merge_all(share, ns(WINDOW_MS), BUCKET_NS) for share in shares]
    assert reduce(merge, merged) == merge_all(parts, ns(WINDOW_MS), BUCKET_NS)


@settings(max_examples=25)
@given(worlds)
def test_what_is_encoded_is_decoded_again_and_merges_alike(organisations: list[History]) -> None:
    parts = [partials(each) for each in organisations]
    parts[0] = msgspec.structs.replace(parts[0], generator=GENERATOR, broken={"loss": "why"})
    received = [decode_partials(encode_partials(part)) for part in parts]
    assert received == parts
    assert judge(reduce(merge, received)) == judge(reduce(merge, parts))


def test_of_two_breakages_the_same_text_is_kept_in_any_order() -> None:
    one, two = (msgspec.structs.replace(EMPTY, broken={"loss": text}) for text in ("a", "b"))
    assert merge(one, two).broken == merge(two, one).broken == {"loss": "a"}


@pytest.mark.parametrize("data", [b"", b"{}", b"no json", b'{"window_ns":1,"bucket_ns":"x"}', b"\xff\xfe"])
def test_bytes_that_are_no_partials_are_refused(data: bytes) -> None:
    with pytest.raises(msgspec.DecodeError, match=r".+"):
        decode_partials(data)


def test_a_histogram_that_cannot_be_is_refused() -> None:
    data = encode_partials(_observed(CLEAN)).replace(b'"counts":[1]', b'"counts":[-1]')
    with pytest.raises(msgspec.DecodeError, match="counts must be at least 1"):
        decode_partials(data)
