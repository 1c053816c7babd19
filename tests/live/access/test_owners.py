from sim.history import UNKNOWN_OWNER
from sim.live.access.credentials import Machine, Organisation
from sim.live.access.owners import Owners


def _owners() -> Owners:
    return Owners(
        [
            Organisation(org_id="a", token="t", machines=[Machine("a0", "k"), Machine("a1", "k")]),
            Organisation(org_id="b", token="t", machines=[Machine("b0", "k")]),
        ]
    )


def test_machines_of_the_credentials_have_their_owner_and_number() -> None:
    owners = _owners()
    assert [owners.of(machine) for machine in ("a0", "a1", "b0")] == [(0, 0), (0, 1), (1, 0)]


def test_a_machine_of_nobody_is_unknown_and_told_apart() -> None:
    owners = _owners()
    one, other = owners.of("x"), owners.of("y")
    assert one.organisation == other.organisation == UNKNOWN_OWNER
    assert one.machine != other.machine
    assert one == owners.of("x")


def test_rows_of_the_start_are_adopted_and_take_nobodys_machine() -> None:
    owners = _owners()
    owners.adopt(1, ["x", "a0", "b0"])
    assert owners.of("x").organisation == 1
    assert owners.of("x").machine >= 2**32
    assert owners.of("a0") == (0, 0)
    assert owners.of("b0") == (1, 0)
