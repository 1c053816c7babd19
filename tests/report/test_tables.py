import msgspec
import pytest

from sim.report.tables import command, finding_rows, generator_rows, load_rows, run_rows, segment_rows
from sim.results.summary import Metrics
from tests.report.samples import empty, failed, held, invalid


def test_every_distribution_has_a_row() -> None:
    rows = segment_rows(held().summary.metrics)
    assert len(rows) == len(Metrics.__struct_fields__)
    assert all(row.meaning for row in rows)
    assert (rows[0].name, rows[0].count, rows[0].p50, rows[0].max) == ("event-to-refetch", "12,345", "527 ms", "985 ms")


def test_a_distribution_without_values_has_dashes() -> None:
    row = segment_rows(empty().summary.metrics)[0]
    assert (row.count, row.mean, row.p999) == ("0", "–", "–")


def test_a_witness_that_is_first_and_worst_is_shown_once() -> None:
    leakage = next(row for row in finding_rows(failed().summary.findings) if row.name == "leakage")
    assert [names for names, _ in leakage.witnesses] == ["first, worst", "last"]


def test_a_finding_has_value_and_bound_in_its_unit() -> None:
    row = finding_rows(failed().summary.findings)[-1]
    assert (row.verdict, row.value, row.bound, row.count) == ("FAILED", "657 ms", "500 ms", "12,345")


def test_a_finding_without_value_and_bound_has_dashes() -> None:
    blind = next(row for row in finding_rows(held().summary.findings) if row.name == "blind")
    assert (blind.value, blind.bound, blind.witnesses) == ("–", "–", ())


def test_what_was_not_measured_is_said_so_and_never_zero() -> None:
    values = {row.label: row.value for row in (*load_rows(empty().summary), *generator_rows(empty().summary))}
    assert values["blind time"] == values["staleness"] == values["longest wait"] == "not measured"
    assert values["CPU share of the target"] == "not measured"
    assert values["arrival times"] == "the generator's"


def test_staleness_has_its_share_and_its_seconds() -> None:
    staleness = msgspec.structs.replace(held().summary.staleness, dashboard_seconds=1234.0, share=0.128)
    rows = load_rows(msgspec.structs.replace(held().summary, staleness=staleness))
    assert [(row.value, row.remark) for row in rows if row.label == "staleness"] == [
        ("12.8 %", "1,234 dashboard-seconds; the worst is organisation 17 with 24.3 %")
    ]


def test_what_the_checks_counted_has_its_rows() -> None:
    rows = {row.label: (row.value, row.remark) for row in load_rows(held().summary)}
    assert rows["repeated deliveries"] == ("0", "0 out of order, 0 that announced no change")
    assert rows["contradicted answers"] == ("0", "of 3,330 judged; 0 machines shown wrongly at the end")
    assert rows["probes that must be refused"] == ("428", "0 granted; of 172 controls, 0 refused")
    assert rows["sockets"] == ("320", "0 cut, 0 evicted too early, 0 too late or never")
    assert rows["longest wait"] == ("4.21 s", "of 3,210 waits for something new; 0 too long")


def test_the_generator_says_whether_it_was_the_bottleneck() -> None:
    assert generator_rows(held().summary)[0].value == "no"
    assert generator_rows(invalid().summary)[0].value.startswith("yes")


def test_the_run_is_identified() -> None:
    values = {row.label: row.value for row in run_rows(held().summary)}
    assert values["seed"] == "7"
    assert values["schedule hash"] == "5f0c" * 16


@pytest.mark.parametrize(
    ("executor", "target", "text"),
    [
        ("live", "embedded", "ztna-sim run scenario.toml --seed 7"),
        ("virtual", "none", "ztna-sim run scenario.toml --seed 7 --executor virtual"),
        (
            "live",
            "http://127.0.0.1:8080/a b",
            "ztna-sim run scenario.toml --seed 7 --target 'http://127.0.0.1:8080/a b' --credentials FILE",
        ),
    ],
)
def test_the_command_repeats_the_run(executor: str, target: str, text: str) -> None:
    assert command(msgspec.structs.replace(held().summary, executor=executor, target=target)) == text
