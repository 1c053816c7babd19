"""The live executor: Locust users, real sockets and HTTP against a target.

One Locust user is one organisation. Its sockets are watchers on the hub that Locust runs, with no greenlet each; the
page, the schedule and the checks are the same as in every other executor. Import this package before anything that
opens sockets: it imports locust, which patches them.
"""

import logging

import locust  # noqa: F401  # patches sockets, before any module below opens one

logging.getLogger("websockets.client").setLevel(logging.INFO)  # at DEBUG it writes request lines, which hold tokens
