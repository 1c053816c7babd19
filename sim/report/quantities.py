"""How the report writes numbers: three significant digits, "12,345", always with a unit."""

import math
from typing import Final

NOT_MEASURED: Final = "not measured"

_DIGITS: Final = 3
_RAREST: Final = 1e15  # "1 in" more than this is not said: nobody counts that far
_SMALLEST_PLAIN: Final = 1e-4
_LARGEST_WHOLE: Final = 2**53  # above, a float no longer holds every whole number
_TIMES_FROM_MS: Final = ((1000.0, "s"), (1.0, "ms"), (0.001, "µs"), (0.000001, "ns"))


def number(value: float) -> str:
    """A number to three significant digits, "812,000" or "0.61"; below 0.0001 as "1.23e-5"."""
    if not math.isfinite(value):
        return "infinite" if math.isinf(value) else "no number"
    if value == 0:
        return "0"
    mantissa, exponent = f"{value:.{_DIGITS - 1}e}".split("e")
    if abs(value) < _SMALLEST_PLAIN:
        return f"{_without_zeros(mantissa)}e{int(exponent)}"
    rounded = float(f"{mantissa}e{exponent}")
    return _without_zeros(f"{rounded:,.{max(0, _DIGITS - 1 - int(exponent))}f}")


def exact(value: float) -> str:
    """A whole number with all its digits, "812,345"; any other to three significant digits."""
    if math.isfinite(value) and value == int(value) and abs(value) < _LARGEST_WHOLE:
        return f"{int(value):,}"
    return number(value)


def counted(count: int, one: str, many: str | None = None) -> str:
    """A count with its noun: "1 leak", "0 leaks"; `many` for a plural that is not `one` with an s."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def milliseconds(value_ms: float | None) -> str:
    """A time of some milliseconds, in ns, µs, ms or s: the largest unit of which it is at least 1."""
    if value_ms is None or math.isnan(value_ms):
        return NOT_MEASURED
    for scale_ms, unit in _TIMES_FROM_MS:
        # 0.9995 rounds to 1.00: the unit follows the rounded number, so "1,000 ms" is written as "1 s".
        if abs(value_ms) >= 0.9995 * scale_ms:
            return f"{number(value_ms / scale_ms)} {unit}"
    return f"{number(value_ms)} ms"


def seconds(value_s: float) -> str:
    """A time of some seconds, written as `milliseconds` does."""
    return milliseconds(value_s * 1000.0)


def share(value: float | None) -> str:
    """A share of 0 to 1 as a percentage."""
    return NOT_MEASURED if value is None or math.isnan(value) else f"{number(value * 100.0)} %"


def measured(value: float | None, unit: str) -> str:
    """A figure in any unit: times as `milliseconds`, whole numbers with all their digits."""
    if value is None or math.isnan(value):
        return NOT_MEASURED
    if unit == "ms":
        return milliseconds(value)
    if unit == "s":
        return seconds(value)
    return f"{exact(value)} {unit}".rstrip()


def at_most(proportion: float) -> str:
    """An upper bound of a proportion in words, never lower than the bound: "fewer than 1 in 271,000"."""
    if proportion > 0.01:
        per_percent = 10 if proportion >= 0.1 else 100  # three digits, rounded up
        return f"at most {number(math.ceil(proportion * 100 * per_percent) / per_percent)} %"
    rarity = 1 / proportion if proportion * _RAREST > 1 else _RAREST
    return f"fewer than 1 in {_rounded_down(rarity):,}"


def _rounded_down(value: float) -> int:
    """To three significant digits, downwards: a rarer "1 in n" than the bound says would be untrue."""
    step: int = 10 ** max(0, len(str(int(value))) - _DIGITS)
    return int(value // step) * step


def _without_zeros(digits: str) -> str:
    return digits.rstrip("0").rstrip(".") if "." in digits else digits
