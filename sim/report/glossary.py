"""The words of the report for somebody who has never seen the tool."""

from typing import Final

GLOSSARY: Final = (
    (
        "organisation",
        "A customer of the deployment: its machines, its users and their dashboards. "
        "Nothing of one organisation may reach another.",
    ),
    ("machine", "A device of one organisation. The agent on it sends a heartbeat at a fixed interval."),
    (
        "transition",
        "A change of a machine that the backend must announce: it goes online or offline, "
        "is created, deleted or updated.",
    ),
    ("write", "The HTTP request that causes a transition. It has a due, a sent and an answered time."),
    ("delivery", "An event that arrives at one dashboard over its WebSocket."),
    (
        "debounce",
        "The dashboard waits until no event has come for a short time (500 ms in the product), and only "
        "then fetches its counts again. Every new event restarts the wait.",
    ),
    ("refetch", "The request by which a dashboard fetches its counts again after the debounce."),
    (
        "event-to-refetch",
        "The time from the sending of a write to the first answer on the screen that can hold it: delivery, "
        "debounce and refetch, added up event by event.",
    ),
    (
        "collapse ratio",
        "Deliveries per refetch that deliveries caused. 1 to 1 means that the debounce saved nothing.",
    ),
    ("excess refetch", "A refetch that the debounce rule does not explain for the deliveries seen."),
    (
        "leak",
        "An event, a row or a count of one organisation that reaches a client of another, or a request for it "
        "that is granted.",
    ),
    (
        "leak opportunity",
        "One announced event of one organisation and one dashboard of another that was subscribed at that "
        "time: one chance for a leak.",
    ),
    (
        "95 % confidence",
        "The exact one-sided upper bound (Clopper and Pearson, 1934): were leaks more frequent than this, so "
        "few would be seen in at most 1 run of 20.",
    ),
    (
        "probe",
        "A request or a socket that is only to see what becomes of it: for another organisation, or with a bad "
        "token, it must be refused; a control, for the own one, must be granted.",
    ),
    ("lost delivery", "A transition that a dashboard subscribed throughout did not receive in time."),
    ("blind time", "The share of time in which a dashboard has no subscribed socket, so events pass it by."),
    (
        "cut socket",
        "A socket that the other side ended, and not since the page had been silent for too long (eviction).",
    ),
    ("contradicted answer", "An answer that shows something else than was certain when it was asked for."),
    ("staleness", "The share of time in which a dashboard shows something else than the truth."),
    (
        "wait",
        "From an event until the page shows something new. It is starved if it is too long: the debounce was "
        "restarted again and again, each refetch was cancelled by the next one, or answers were slow.",
    ),
    (
        "from due",
        "Counted from the time at which the schedule wanted the write, not from when it left: a target that "
        "freezes cannot hide by holding up the generator.",
    ),
    ("lateness", "How long after its due time an action left: the load generator's own error."),
    ("handling delay", "How long an event that had arrived waited until the load generator took note of it."),
    ("hub lag", "How late the load generator's event loop was: a sign that it was overloaded."),
    ("drain", "The time after the measured window in which events under way are still waited for."),
    ("p95", "The 95th percentile: 95 of 100 values are at most this. p50 is the median."),
    (
        "HELD, FAILED, UNKNOWN, INVALID",
        "A finding held, failed, or could not be judged (too few data is UNKNOWN, never HELD). A whole run "
        "is INVALID when the load generator itself got in the way.",
    ),
)
"""Pairs of word and meaning, from the fleet to the verdict."""
