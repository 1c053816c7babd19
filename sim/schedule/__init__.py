"""Who does what when: timed actions of machines and dashboards, computed before the run.

The model. Each organisation is by itself: its sizes, its machines' actions and its dashboards' visits
depend on the scenario, the seed and its number alone, so any number of workers gives the same schedule.

Sources. Regular heartbeats come every interval from machines that are up. Churn by rates is a Poisson
process per machine and kind: a wish to come up, go down, crash or flap, void where the machine is not in
the state for it; since an exponential time forgets how long it has run, that is the same as drawing an
exponential time at each change of state. Churn by `events_per_s` is one Poisson process per organisation,
each event a toggle of a machine chosen at random. A burst chooses its share of the machines and gives each
one wish, or, flapping, a row of them.

Where sources meet, wishes are taken in the order of time, then machine, then kind, and each machine keeps
this: it goes up only from down, and down or silent only from up; while it is away with a set end (a flap, a
site outage, a restart) nothing else moves it; it acts at most once per nanosecond. So transitions of a
machine alternate always.

Visits are the same for dashboards: a user leaves and returns, and a cut falls only on a page that is open. Probes,
which try what must be refused, come at even distances.

Stays say when an organisation is present. Its schedule does not depend on them: in a stay it does what it would do then
if it were present throughout.

Times are integers of nanoseconds from the start of the measured window, at or after 0 and before its end.
Equal schedules are told by their SHA-256; the streams of numpy's distributions are fixed within a numpy
version (NEP 19).
"""

from sim.schedule.action import Action, Schedule, VisitAction, Visits, combined_digest, share_digest
from sim.schedule.build import schedule_for
from sim.schedule.probes import ProbeKind, Probing, probes_for
from sim.schedule.sizes import Sizes, sizes_for
from sim.schedule.stays import LEAD_NS, Stay, present, stays_for, stays_of
from sim.schedule.visits import visits_for

__all__ = [
    "LEAD_NS",
    "Action",
    "ProbeKind",
    "Probing",
    "Schedule",
    "Sizes",
    "Stay",
    "VisitAction",
    "Visits",
    "combined_digest",
    "present",
    "probes_for",
    "schedule_for",
    "share_digest",
    "sizes_for",
    "stays_for",
    "stays_of",
    "visits_for",
]
