"""The debounce as a page has it, event by event."""


def naive_due(arrived: list[int], window: int, max_wait: int | None) -> list[int]:
    """The debounce as a page has it: a timer, moved by each event, that fires before an event of its own time."""
    if window == 0:
        return arrived
    due: list[int] = []
    first: int | None = None
    timer = 0
    for at in arrived:
        if first is not None and timer <= at:
            due.append(timer)
            first = None
        first = at if first is None else first
        timer = at + window if max_wait is None else min(at + window, first + max_wait)
    return due if first is None else [*due, timer]
