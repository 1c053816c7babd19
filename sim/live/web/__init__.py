"""The tab "Realtime" of Locust's web UI: the three measures, live, and what the run came to."""

from sim.live.web.tab import open_tab

__all__ = ["open_tab"]
