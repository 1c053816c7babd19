"""Proportions: how large a share may be, given how often it was seen."""


def upper_bound(successes: int, trials: int, confidence: float = 0.95) -> float | None:
    """The exact one-sided upper bound of a proportion; None for 0 trials, which say nothing.

    Clopper and Pearson (1934), Biometrika 26(4), 404-413: the largest p for which so few successes have a
    probability of at least 1 - confidence, which is the quantile of Beta(successes + 1, trials -
    successes). For 0 successes it is 1 - (1 - confidence)^(1 / trials), about 3 / trials at 95 %.

    Raises `ValueError` for successes outside 0 to trials, or a confidence outside 0 to 1, both exclusive.
    """
    if not 0 <= successes <= trials:
        raise ValueError(f"{successes} successes are not from 0 to {trials} trials")
    if not 0 < confidence < 1:
        raise ValueError(f"a confidence of {confidence} is not between 0 and 1")
    if trials == 0:
        return None
    if successes == trials:
        return 1.0
    from scipy.stats import beta  # half a second that only a conclusion pays

    return float(beta.ppf(confidence, successes + 1, trials - successes))
