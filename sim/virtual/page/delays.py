"""How long things take in the recorded browser, and on the way to the recording server, in nanoseconds.

Each constant is the median over the 110 recordings in tests/data/react_query of the distance between two of their
entries, unless it says otherwise; in brackets the 5th and 95th percentile and the number of samples. They are what
the tolerance of a comparison is for: a recording differs from them by chance.
"""

from typing import Final

MS_NS: Final = 1_000_000

SENT_NS: Final = round(0.3 * MS_NS)
"""A time of the script to the event being sent (0.15 to 4.5 ms, 2,203)."""
STARTED_NS: Final = round(0.1 * MS_NS)
"""A time of the script to the test beginning an action (37)."""

DELIVERY_NS: Final = round(0.5 * MS_NS)
"""Event sent to event handled (0.05 to 13.6 ms, 2,205)."""
TIMER_NS: Final = round(0.4 * MS_NS)
"""By how much a timer of the page fires late (0.2 to 1.1 ms, 386). So events 500 ms apart restart the debounce."""
CALL_NS: Final = round(0.3 * MS_NS)
"""The page's decision to its call of fetch (0.1 to 0.9 ms, 649)."""
REQUEST_NS: Final = round(2.4 * MS_NS)
"""Call of fetch to the request's arrival, if nothing is in its way (1.7 to 5.4 ms, 384)."""
HANDOVER_NS: Final = round(1.4 * MS_NS)
"""End of a request to the arrival of the one that waited for it: the mean (194), since such requests add up."""
OVERRUN_NS: Final = round(1.4 * MS_NS)
"""By how much the server's latency was longer than the script says: the mean of requests that others waited for (194),
likewise; the median of all is 0.9 ms (721)."""
ANSWER_NS: Final = round(2.3 * MS_NS)
"""Answer sent to the page's promise (0.7 to 5.4 ms, 745)."""
ABORT_NS: Final = round(3.4 * MS_NS)
"""The page's decision to the server seeing the abort (98)."""
FAIL_NS: Final = 2 * MS_NS
"""A request or an upgrade to its failure while the browser is offline; measured with Chromium 150, no recording."""

FIRST_UPGRADE_NS: Final = 6 * MS_NS
"""Mounting to a tab's first upgrade (1.8 to 135 ms, 113: the browser is still starting)."""
UPGRADE_NS: Final = round(2.7 * MS_NS)
"""Connecting to the upgrade, later (2.3 to 5 ms, where the browser did not hold it back)."""
ACCEPT_NS: Final = round(0.4 * MS_NS)
"""Upgrade to its answer (0.2 to 6.2 ms, 113)."""
OPEN_NS: Final = round(1.1 * MS_NS)
"""Upgrade to the page's socket being open (0.7 to 1.8 ms, 24)."""
REFUSED_NS: Final = round(0.9 * MS_NS)
"""Upgrade to the page's socket being closed when it is refused (0.5 to 2.2 ms, 131)."""
SUBSCRIBE_NS: Final = round(0.6 * MS_NS)
"""The page's socket being open to the subscription's arrival (0.3 to 2.2 ms, 24)."""
CONFIRM_NS: Final = round(0.1 * MS_NS)
"""Subscription to confirmation, without the script's delay (113)."""
CLOSE_NS: Final = round(2.2 * MS_NS)
"""A time of the script to the page's socket being closed (0.9 to 7.0 ms, 12)."""
SERVER_CLOSE_NS: Final = round(1.6 * MS_NS)
"""A time of the script to the server's socket being closed (0.3 to 4.0 ms, 12)."""
LEAVE_CLOSE_NS: Final = round(0.8 * MS_NS)
"""The page closing its socket to the server's socket being closed (0.5 to 4.0 ms, 7)."""

HIDE_NS: Final = 15 * MS_NS
"""Beginning to hide a tab to the page knowing it (5 to 224 ms, 10)."""
SHOW_NS: Final = 8 * MS_NS
"""Beginning to show a tab to the page knowing it (4 to 12 ms, 8)."""
LONG_HIDDEN_NS: Final = 300_000 * MS_NS
SHOW_LONG_HIDDEN_NS: Final = 22 * MS_NS
"""The same where it was hidden for 7 minutes: the mean of 14 and 32 ms. Of the others none was for over 21 s."""
OFFLINE_NS: Final = round(1.2 * MS_NS)
"""Taking the network away to the page knowing it (3)."""
RELEASE_NS: Final = round(1.4 * MS_NS)
"""Giving the network back to the first event that was held back meanwhile (1)."""
ONLINE_NS: Final = round(2.4 * MS_NS)
"""Giving the network back to the page knowing it (3)."""
UNMOUNT_NS: Final = round(3.6 * MS_NS)
"""Leaving the page to its timers and socket being gone (2.4 to 7.7 ms, 8)."""
MOUNT_NS: Final = round(2.5 * MS_NS)
"""Coming back to the page to its load (2)."""
DISPATCH_NS: Final = round(1.3 * MS_NS)
"""Dispatching an event to the page handling it (4)."""
CLOSE_TAB_NS: Final = 20 * MS_NS
"""Closing a tab to the server seeing its requests and its socket end (1)."""

EARLY_MS: Final = 1_250
OPEN_EARLY_TAB_NS: Final = 272 * MS_NS
OPEN_TAB_NS: Final = 202 * MS_NS
"""Opening a tab to the load of its page. The two recordings with a tab opened after 1.0 s have 272 ms, those after
1.5 s have 201 and 204 ms; the limit lies between."""
