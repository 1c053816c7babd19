"""A small language for histories, so that a test reads as what happened.

`history("s0@-500.. w1+@100-104 e0.1+@103 r0@603-610")` is a dashboard 0 that is subscribed from half a second before
the window on; machine 1 goes online by a write sent at 100 ms and answered at 104 ms; its event reaches dashboard 0 at
103 ms, and the refetch sent at 603 ms is shown at 610 ms. Times are milliseconds of the run clock. One word is a fact:

    w1+@100-104        write of machine 1, which was offline, saying online; `w1-` the other way round
    w1=+@100-104       a heartbeat that changes nothing; `w1?+` one whose status before is not known
    w1+@90:100-104     due at 90 (else when sent); `w1+@90:95:100-104`: due at 90, its agent free at 95
    w1+@100            still under way when the run ended
    w1+@100-104!500    answered with 500; `!0` the connection failed
    e0.1+@103          event of machine 1 at dashboard 0: online (`-` offline, `*` deleted); its `last_seen` is when the
                       latest write of that machine and status before it was sent, or 103 if there is none
    e0.1+@103~77       its `last_seen` is 77 ms; `~` alone: it has none
    e0.1+@103^5        handled 5 ms after it arrived
    e0.1+@103o7        the machine is organisation 7's; `o?` nobody's that we know
    r0@603-610         refetch that deliveries caused, shown at 610; `x` for `-` cancelled, `!` failed; `r0@603` is open
    load0@1-2 poll0@1-2  the same with another cause
    r0@603-610*3       it took 3 attempts; `*3@608` the last one was sent at 608
    a0@610:25          an answer of 25 rows of our own; `:25+3o7` and 3 rows of organisation 7 (`o?` of nobody we know);
                       `#4` its counts exceed its rows by 4; `%1` they differ from them by 1
    s0@-500..          socket subscribed at -500 and open at the end; `..900` closed by us; `..900!4000` with that code
    s0@400!403         upgrade refused; any other code: closed before it was subscribed; `!` alone: by us
    p0@-600..          page open; `..900` until then
    s0@-500..^300      its last ping was sent at 300 (else it never pinged); `^300?` and had no pong
    b0@300f            a frame that is not of the contract; `a` an answer
    patch1@100-104~77  a PATCH of machine 1 that sets its `last_seen` to 77 ms; `@100`, `!500` as of a write
    m1+@-900           the target says at -900 that machine 1 is online (`?` not known), and heard of it just then
    v0.1+@610          dashboard 0 shows machine 1 online from 610 on; `x` has no row of it
    q4@100-104r        probe of kind 4, refused; `g` granted, `u` unanswered; `:403` the code; `o7` after organisation 7
"""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from sim.contract import StatusCode
from sim.dashboard import Cause
from sim.history import (
    NEVER_NS,
    NO_LAST_SEEN,
    UNANSWERED,
    UNKNOWN_OWNER,
    Breach,
    History,
    HistoryBuilder,
    Outcome,
    ProbeOutcome,
    RunFrame,
    WriteKind,
)

ORIGIN_NS: Final = 7_000_000_000
"""Where the window begins on the recorder's clock."""

EPOCH_MS: Final = 1_700_000_000_000
"""What the target's clock says then."""

_STATUS: Final = {
    "+": StatusCode.ONLINE,
    "-": StatusCode.OFFLINE,
    "*": StatusCode.UNKNOWN,
    "?": StatusCode.UNKNOWN,
    "x": StatusCode.ABSENT,
}
_PROBES: Final = {"u": ProbeOutcome.UNANSWERED, "r": ProbeOutcome.REFUSED, "g": ProbeOutcome.GRANTED}
_OTHER: Final = {StatusCode.ONLINE: StatusCode.OFFLINE, StatusCode.OFFLINE: StatusCode.ONLINE}
_CAUSES: Final = {"r": Cause.EVENT, "load": Cause.LOAD, "poll": Cause.POLL}
_OUTCOMES: Final = {"-": Outcome.SHOWN, "x": Outcome.CANCELLED, "!": Outcome.FAILED}
_T: Final = r"-?\d+(?:\.\d+)?"


def history(
    text: str = "",
    *,
    organisation: int = 0,
    machines: int = 10,
    dashboards: int | None = None,
    window_ms: float = 10_000,
    ended_ms: float = 20_000,
    bucket_ms: float = 1_000,
    debounce_ms: float = 500,
    max_wait_ms: float | None = None,
    deadline_ms: float = 5_000,
    clock_ms: int = EPOCH_MS,
    frame: Mapping[str, int | bool] = MappingProxyType({}),
) -> History:
    """The history that the words tell. `dashboards` is by default as many as are named; `frame` has its other fields.

    Raises `ValueError` for a word that is not of the language.
    """
    teller = _Teller(organisation, clock_ms)
    for word in sorted(text.split(), key=_writes_first):
        teller.tell(word)
    told = RunFrame(
        organisation=organisation,
        machines=machines,
        dashboards=teller.dashboards if dashboards is None else dashboards,
        window_ns=ns(window_ms),
        ended_ns=ns(ended_ms),
        bucket_ns=ns(bucket_ms),
        debounce_ns=ns(debounce_ms),
        max_wait_ns=None if max_wait_ms is None else ns(max_wait_ms),
        loss_deadline_ns=ns(deadline_ms),
    )
    return teller.builder.build(msgspec.structs.replace(told, **frame), ORIGIN_NS)


def ns(milliseconds: float | str) -> int:
    """Nanoseconds of a time of the language."""
    return round(float(milliseconds) * 1_000_000)


def _writes_first(word: str) -> bool:
    return not word.startswith("w")


def _at(text: str | None) -> int:
    """A time on the recorder's clock; NEVER_NS for none."""
    return NEVER_NS if text is None else ns(text) + ORIGIN_NS


class _Teller:
    """Understands the words, one after the other."""

    def __init__(self, organisation: int, clock_ms: int) -> None:
        self.builder = HistoryBuilder()
        self.dashboards = 0
        self._organisation = organisation
        self._clock_ms = clock_ms
        self._sent: list[tuple[int, int, float]] = []

    def tell(self, word: str) -> None:
        """One word."""
        for pattern, understand in _WORDS:
            found = pattern.fullmatch(word)
            if found is not None:
                understand(self, found)
                return
        raise ValueError(f"{word}: not a word of the language")

    def write(self, word: re.Match[str]) -> None:
        status = _STATUS[word["status"]]
        before = {"=": status, "?": StatusCode.UNKNOWN}.get(word["change"] or "", _OTHER[status])
        due = word["due"] or word["sent"]
        http_status = UNANSWERED if word["acked"] is None else int(word["code"] or 200)
        self._sent.append((int(word["machine"]), status, float(word["sent"])))
        self.builder.write(
            int(word["machine"]),
            status,
            before,
            _at(due),
            _at(word["ready"] or due),
            _at(word["sent"]),
            _at(word["acked"]) if http_status else NEVER_NS,
            http_status,
        )

    def event(self, word: re.Match[str]) -> None:
        dashboard, machine, status = self._dashboard(word), int(word["machine"]), _STATUS[word["status"]]
        owner = self._owner(word["owner"], self._organisation)
        arrived_ns = _at(word["at"])
        self.builder.delivery(
            dashboard,
            owner,
            machine,
            status,
            self._last_seen_ms(word, machine, status),
            arrived_ns,
            arrived_ns + ns(word["handled"] or 0),
        )

    def fetch(self, word: re.Match[str]) -> None:
        outcome = _OUTCOMES.get(word["outcome"] or "", Outcome.OPEN)
        cause = _CAUSES[word["cause"]]
        attempts = int(word["attempts"] or 1)
        dashboard, sent_ns, asked_ns = self._dashboard(word), _at(word["sent"]), _at(word["asked"] or word["sent"])
        failures = attempts - (outcome != Outcome.FAILED)
        self.builder.fetch(dashboard, cause, sent_ns, _at(word["ended"]), outcome, attempts, asked_ns, failures)

    def answer(self, word: re.Match[str]) -> None:
        dashboard, at_ns, own = self._dashboard(word), _at(word["at"]), int(word["own"])
        others, excess, wrong = (int(word[name] or 0) for name in ("others", "excess", "wrong"))
        owner = self._owner(word["owner"], UNKNOWN_OWNER)
        foreign, unknown = (0, others) if owner == UNKNOWN_OWNER else (others, 0)
        if foreign or excess or wrong:
            self.builder.odd_answer(dashboard, at_ns, own, foreign, unknown, owner, excess, wrong)
        else:
            self.builder.plain_answer(dashboard, at_ns, own, unknown)

    def session(self, word: re.Match[str]) -> None:
        subscribed_ns, closed_ns = _at(word["at"]), _at(word["closed"])
        by_us = closed_ns < NEVER_NS and word["code"] is None
        pinged_ns = _at(word["pinged"]) if word["pinged"] else subscribed_ns
        self.builder.session(
            self._dashboard(word), subscribed_ns - 1_000, subscribed_ns, closed_ns, int(word["code"] or 0), by_us,
            pinged_ns, pinged_ns if word["unponged"] else NEVER_NS,
        )  # fmt: skip

    def refusal(self, word: re.Match[str]) -> None:
        at_ns = _at(word["at"])
        code, by_us = int(word["code"] or 0), not word["code"]
        self.builder.session(self._dashboard(word), at_ns - 1_000, NEVER_NS, at_ns, code, by_us, at_ns - 1_000)

    def page(self, word: re.Match[str]) -> None:
        self.builder.mount(self._dashboard(word), _at(word["at"]), _at(word["closed"]))

    def breach(self, word: re.Match[str]) -> None:
        kind = Breach.FRAME if word["kind"] == "f" else Breach.ANSWER
        self.builder.breach(self._dashboard(word), _at(word["at"]), kind)

    def patch(self, word: re.Match[str]) -> None:
        sent_ns, acked_ns = _at(word["sent"]), _at(word["acked"])
        code = UNANSWERED if word["acked"] is None else int(word["code"] or 200)
        self.builder.write(
            int(word["machine"]), StatusCode.UNKNOWN, StatusCode.UNKNOWN, sent_ns, sent_ns, sent_ns, acked_ns, code,
            WriteKind.PATCH, self._clock_ms + int(word["seen"]),
        )  # fmt: skip

    def machine(self, word: re.Match[str]) -> None:
        at_ns = _at(word["at"])
        self.builder.machine(int(word["machine"]), at_ns, _STATUS[word["status"]], at_ns)

    def view(self, word: re.Match[str]) -> None:
        self.builder.state(self._dashboard(word), _at(word["at"]), int(word["machine"]), _STATUS[word["status"]])

    def probe(self, word: re.Match[str]) -> None:
        other, code = int(word["other"] or self._organisation), int(word["code"] or 0)
        outcome = _PROBES[word["outcome"]]
        self.builder.probe(int(word["kind"]), _at(word["sent"]), _at(word["ended"]), other, outcome, code)

    def _dashboard(self, word: re.Match[str]) -> int:
        dashboard = int(word["dashboard"])
        self.dashboards = max(self.dashboards, dashboard + 1)
        return dashboard

    def _owner(self, text: str | None, default: int) -> int:
        if text is None:
            return default
        return UNKNOWN_OWNER if text == "?" else int(text)

    def _last_seen_ms(self, word: re.Match[str], machine: int, status: int) -> int:
        if word["seen"] == "":
            return NO_LAST_SEEN
        at_ms = float(word["at"])
        before = [sent for m, s, sent in self._sent if (m, s) == (machine, status) and sent <= at_ms]
        return self._clock_ms + round(float(word["seen"] or max(before, default=at_ms)))


_WORDS: Final[tuple[tuple[re.Pattern[str], Callable[[_Teller, re.Match[str]], None]], ...]] = tuple(
    (re.compile(pattern.replace("TIME", _T)), understand)
    for pattern, understand in (
        (
            r"w(?P<machine>\d+)(?P<change>[=?])?(?P<status>[+-])@((?P<due>TIME):)?((?P<ready>TIME):)?(?P<sent>TIME)"
            r"(-(?P<acked>TIME)(!(?P<code>\d+))?)?",
            _Teller.write,
        ),
        (
            r"e(?P<dashboard>\d+)\.(?P<machine>\d+)(?P<status>[+*-])@(?P<at>TIME)(~(?P<seen>TIME|))?"
            r"(\^(?P<handled>TIME))?(o(?P<owner>\d+|\?))?",
            _Teller.event,
        ),
        (
            r"(?P<cause>r|load|poll)(?P<dashboard>\d+)@(?P<sent>TIME)((?P<outcome>[x!-])(?P<ended>TIME))?"
            r"(\*(?P<attempts>\d+)(@(?P<asked>TIME))?)?",
            _Teller.fetch,
        ),
        (
            r"a(?P<dashboard>\d+)@(?P<at>TIME):(?P<own>\d+)(\+(?P<others>\d+)o(?P<owner>\d+|\?))?(\#(?P<excess>\d+))?"
            r"(%(?P<wrong>\d+))?",
            _Teller.answer,
        ),
        (
            r"s(?P<dashboard>\d+)@(?P<at>TIME)\.\.((?P<closed>TIME)(!(?P<code>\d+))?)?"
            r"(\^(?P<pinged>TIME)(?P<unponged>\?)?)?",
            _Teller.session,
        ),
        (r"s(?P<dashboard>\d+)@(?P<at>TIME)!(?P<code>\d*)", _Teller.refusal),
        (r"p(?P<dashboard>\d+)@(?P<at>TIME)\.\.(?P<closed>TIME)?", _Teller.page),
        (r"patch(?P<machine>\d+)@(?P<sent>TIME)(-(?P<acked>TIME)(!(?P<code>\d+))?)?~(?P<seen>\d+)", _Teller.patch),
        (r"m(?P<machine>\d+)(?P<status>[+?-])@(?P<at>TIME)", _Teller.machine),
        (r"v(?P<dashboard>\d+)\.(?P<machine>\d+)(?P<status>[+x?-])@(?P<at>TIME)", _Teller.view),
        (
            r"q(?P<kind>\d+)@(?P<sent>TIME)(-(?P<ended>TIME))?(?P<outcome>[rgu])(:(?P<code>\d+))?(o(?P<other>\d+))?",
            _Teller.probe,
        ),
        (r"b(?P<dashboard>\d+)@(?P<at>TIME)(?P<kind>[fa])", _Teller.breach),
    )
)
