"""What agents and dashboards say to a QuickZTNA deployment: paths, constants and the shapes of messages.

All that the target and its clients share, and nothing else: no behaviour lives here, so that one bug cannot sit in
server and client alike. Every constant names its source: `contract n` is section n of docs/contract.md, `Cn` is the
contradiction of the public documents that it settles.
"""

from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Annotated, Final
from urllib.parse import quote

import msgspec

# --- Paths ------------------------------------------------------------------------------------------------------------

REALTIME_PATH: Final = "/api/realtime"  # contract 1
RPC_PATH: Final = "/api/db/_rpc"  # contract 3
MACHINES_PATH: Final = "/api/db/machines"  # contract 5
HEARTBEAT_PATH: Final = "/api/machine-heartbeat"  # contract 4
REGISTER_PATH: Final = "/api/register-machine"  # contract 4
POSTURE_PATH: Final = "/api/posture-report"  # contract 4
MACHINE_ADMIN_PATH: Final = "/api/machine-admin"  # contract 4
LOGIN_PATH: Final = "/api/auth/login"  # contract 6
REFRESH_PATH: Final = "/api/auth/refresh"  # contract 6

# --- Realtime ---------------------------------------------------------------------------------------------------------

CHANNELS: Final = (
    "machines", "members", "audit", "keys", "general", "posture",
    "threats", "certificates", "dns", "acl", "billing", "remote_desktop",
)  # contract 1, C36: twelve names  # fmt: skip
MACHINES_CHANNEL: Final = "machines"
TOKEN_SUBPROTOCOL_PREFIX: Final = "access_token."  # contract 1, C1
SOCKETS_PER_ORGANISATION: Final = 200  # contract 1
EVICT_AFTER_S: Final = 90  # contract 1: a socket that sent no ping for so long is closed
EVICTION_SWEEP_S: Final = 30  # contract 1
EVICTION_CODE: Final = 4000  # contract 1
EVICTION_REASON: Final = "Heartbeat timeout"  # contract 1
NO_MEMBER_CODE: Final = 4003  # contract 1, C2: the close code where the refusal comes after the upgrade

# --- Pages ------------------------------------------------------------------------------------------------------------

DEBOUNCE_MS: Final = 500  # contract 2: trailing, no maximum
RECONNECT_S: Final = 5  # contract 1: fixed, no jitter
POLL_INTERVAL_S: Final = 30  # contract 1, C6
RETRY_DELAYS_S: Final = (1, 2, 4)  # contract 2: React Query's default, 3 retries

# --- Agents -----------------------------------------------------------------------------------------------------------

HEARTBEAT_INTERVAL_S: Final = 60  # contract 4, C17
OFFLINE_AFTER_S: Final = 180  # contract 4, C19: the cleanup job marks a silent machine offline
CLEANUP_INTERVAL_S: Final = 60  # contract 4: not published; the harness's default

# --- Tokens -----------------------------------------------------------------------------------------------------------

TOKEN_ALGORITHM: Final = "ES256"  # contract 6
TOKEN_LIFETIME_S: Final = 3600  # contract 6
REFRESH_BEFORE_EXPIRY_S: Final = 300  # contract 6
LOGINS_PER_ADDRESS: Final = 10  # contract 6, in LOGIN_WINDOW_S
LOGIN_WINDOW_S: Final = 300  # contract 6

FAULTS_PATH: Final = "/__faults"
"""Not of the contract: the reference backend's own counters of injected faults, present only while a fault is on."""


class Status(StrEnum):
    """A machine's status (contract 4)."""

    PENDING = "pending"
    ONLINE = "online"
    OFFLINE = "offline"
    QUARANTINED = "quarantined"


class StatusCode(IntEnum):
    """`Status` as a small integer, for columns; UNKNOWN where a message carried none, ABSENT for no row at all."""

    UNKNOWN = 0
    PENDING = 1
    ONLINE = 2
    OFFLINE = 3
    QUARANTINED = 4
    ABSENT = 5

    @classmethod
    def of(cls, status: str | None) -> "StatusCode":
        """The code of a status text; UNKNOWN for None and for a text that the contract does not have."""
        return _CODE_OF_STATUS.get(status or "", cls.UNKNOWN)


_CODE_OF_STATUS: Final = {status.value: StatusCode[status.name] for status in Status}


class Change(StrEnum):
    """What an event frame says happened to a row (contract 1)."""

    INSERT = "INSERT"
    UPDATE = "UPDATE"
    DELETE = "DELETE"


class ErrorCode(StrEnum):
    """`error.code` of an answer (contract 4 and 5)."""

    UNAUTHORIZED = "UNAUTHORIZED"
    FORBIDDEN = "FORBIDDEN"
    NOT_FOUND = "NOT_FOUND"
    MISSING_FIELDS = "MISSING_FIELDS"
    INVALID_JSON = "INVALID_JSON"
    INVALID_INPUT = "INVALID_INPUT"
    INVALID_STATE = "INVALID_STATE"
    UNKNOWN_ACTION = "UNKNOWN_ACTION"
    RATE_LIMITED = "RATE_LIMITED"
    UNSAFE_DELETE = "UNSAFE_DELETE"
    INVALID_NODE_KEY = "INVALID_NODE_KEY"
    PENDING_APPROVAL = "PENDING_APPROVAL"
    KEY_EXPIRED = "KEY_EXPIRED"
    INVALID_KEY = "INVALID_KEY"
    QUOTA_EXCEEDED = "QUOTA_EXCEEDED"
    INVALID_CREDENTIALS = "INVALID_CREDENTIALS"
    INVALID_TOKEN = "INVALID_TOKEN"
    MISSING_TOKEN = "MISSING_TOKEN"
    INTERNAL_ERROR = "INTERNAL_ERROR"


# --- Shapes of messages -----------------------------------------------------------------------------------------------


class EventPayload(msgspec.Struct, frozen=True, gc=False):
    """The row of an event. No payload carries an org_id: whose it is, only the machine's id tells (contract 1)."""

    id: str = ""
    status: str | None = None
    last_seen: str | None = None


class ServerFrame(msgspec.Struct, frozen=True, gc=False):
    """Any frame that the server sends (contract 1); fields that a type does not have keep their defaults."""

    type: str
    channel: str = ""
    event: str = ""
    payload: EventPayload | None = None
    timestamp: str | None = None


class MachineRow(msgspec.Struct, frozen=True, gc=False):
    """A machine in an answer of the RPC or of the CRUD API: what the checks look at."""

    id: str
    status: str = ""
    name: str = ""
    last_seen: str | None = None


RowCount = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
"""A number of rows: no larger than JSON numbers are exact (RFC 8259, 6)."""


class DashboardStats(msgspec.Struct, frozen=True, rename="camel"):
    """`data.data` of `get_dashboard_stats` (contract 3): what the checks look at."""

    machines: list[MachineRow]
    machine_count: RowCount
    online_count: RowCount
    offline_count: RowCount


class _StatsData(msgspec.Struct, frozen=True):
    data: DashboardStats


class StatsAnswer(msgspec.Struct, frozen=True):
    """The whole answer of `get_dashboard_stats`."""

    data: _StatsData
    success: bool = True


class MachinesAnswer(msgspec.Struct, frozen=True):
    """The whole answer of `GET /api/db/machines`."""

    data: list[MachineRow]
    success: bool = True


def subscribe_frame(organisation_id: str | None = None) -> str:
    """The subscribe frame: bare, or with the seed's row filter where an organisation is given (contract 1, C4)."""
    frame: dict[str, object] = {"type": "subscribe", "channels": [MACHINES_CHANNEL]}
    if organisation_id is not None:
        frame["filter"] = f"org_id=eq.{organisation_id}"
    return msgspec.json.encode(frame).decode()


PING_FRAME: Final = '{"type":"ping"}'
HEALTH_COLUMNS: Final = "id,name,tailnet_ip,os,status,last_seen,created_at,version"  # contract 2


def stats_request(organisation_id: str) -> bytes:
    """The body of the dashboard's refetch (contract 3)."""
    return msgspec.json.encode({"fn": "get_dashboard_stats", "_org_id": organisation_id})


def health_query(organisation_id: str) -> str:
    """Path and query of the health page's refetch (contract 2)."""
    return f"{MACHINES_PATH}?org_id={organisation_id}&select={HEALTH_COLUMNS}&order=status&ascending=true"


def heartbeat_request(node_key: str, status: Status) -> bytes:
    """The body of an agent's heartbeat (contract 4, C16: the key in the body)."""
    return msgspec.json.encode({"node_key": node_key, "status": status.value, "version": "1.0.0"})


def rows_query(organisation_id: str) -> str:
    """Path and query of the list of an organisation's machines, of which the ids suffice (contract 5)."""
    return f"{MACHINES_PATH}?org_id={organisation_id}&select=id"


def machine_query(organisation_id: str, machine_id: str) -> str:
    """Path and query of one machine: the filter of a PATCH that stands in its URL (contract 5, C26)."""
    return f"{MACHINES_PATH}?org_id={organisation_id}&id=eq.{quote(machine_id, safe='')}"


def last_seen_patch(organisation_id: str, machine_id: str, last_seen_ms: int) -> bytes:
    """The body of a PATCH that sets `last_seen` alone, with its filter (contract 5, C26); milliseconds since 1970."""
    moment = datetime(1970, 1, 1) + timedelta(milliseconds=last_seen_ms)  # of UTC
    last_seen = f"{moment.isoformat(timespec='milliseconds')}Z"
    return msgspec.json.encode({"_filters": {"org_id": organisation_id, "id": machine_id}, "last_seen": last_seen})
