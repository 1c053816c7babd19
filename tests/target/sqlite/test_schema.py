import sqlite3
from pathlib import Path

import pytest

from sim.errors import UsageError
from sim.target.sqlite.schema import MEMORY, connect


def test_columns_hold_values_of_their_type_only() -> None:
    connection = connect(MEMORY)
    with pytest.raises(sqlite3.IntegrityError):
        connection.execute("INSERT INTO auth_keys VALUES ('hash', 'org', 'no number', 0, 'never')")
    connection.close()


def test_a_file_is_fast_and_safe_enough_and_can_be_opened_again(tmp_path: Path) -> None:
    for _ in range(2):
        connection = connect(str(tmp_path / "fleet.db"))
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA synchronous").fetchone() == (1,)
        connection.close()


def test_a_place_that_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"store sqlite:.*: cannot be used"):
        connect(str(tmp_path))
