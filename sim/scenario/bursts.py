"""Bursts: what happens to many machines, or dashboards, of an organisation at about the same time.

`share` is the share of an organisation's machines (dashboards, for a mass reconnect) that take part, chosen
by the seed; `organisations` is the share of the organisations that take part, the first ones.
"""

from typing import Annotated, Literal

from pydantic import Discriminator, Field, ValidationInfo, field_validator

from sim.scenario.base import AtLeastZero, Positive, Record, SomeShare, refuse


class _Burst(Record):
    at_s: AtLeastZero
    """When it begins, in seconds of the measured window."""
    share: SomeShare = 1.0
    """Share of each organisation's machines (dashboards, for a mass reconnect) that take part."""
    organisations: SomeShare = 1.0
    """Share of the organisations that take part, the first ones."""


class Wave(_Burst):
    """Machines that are offline come up, as on a Monday morning."""

    kind: Literal["wave"]
    """Offline machines come up."""
    spread_s: AtLeastZero = 0.0
    """Each comes up at a time of its own in this many seconds."""


class SiteOutage(_Burst):
    """A site loses its power: its machines fall silent at once, and come back when the power does."""

    kind: Literal["site_outage"]
    """Machines vanish silently, and come back."""
    down_s: Positive
    """How long the site is away."""
    spread_s: AtLeastZero = 0.0
    """Each comes back at a time of its own in this many seconds after down_s."""


class RollingRestart(_Burst):
    """Machine after machine says that it goes offline, and comes back, as in a roll-out of a new version."""

    kind: Literal["rolling_restart"]
    """Machine after machine goes down and comes up."""
    spread_s: AtLeastZero
    """From the first machine's restart to the last one's, evenly spaced."""
    down_s: Positive = 2.0
    """How long each is away."""


class MassReconnect(_Burst):
    """The sockets of dashboards are cut at one instant, as when a proxy restarts."""

    kind: Literal["mass_reconnect"]
    """Sockets of dashboards are cut at once."""


class Flapping(_Burst):
    """Machines that go down and come up again and again, as behind a bad link."""

    kind: Literal["flapping"]
    """Machines go down and up, again and again."""
    lasts_s: Positive
    """How long it goes on; at least one period."""
    period_s: Annotated[float, Field(ge=0.01)]
    """One time down and up: down for the first half, up for the second."""

    @field_validator("period_s")
    @classmethod
    def _one_period_at_least(cls, period_s: float, info: ValidationInfo) -> float:
        lasts_s = info.data.get("lasts_s")
        if lasts_s is not None and period_s > lasts_s:
            refuse(f"it must be at most lasts_s, {lasts_s:g}")
        return period_s


Burst = Annotated[Wave | SiteOutage | RollingRestart | MassReconnect | Flapping, Discriminator("kind")]
