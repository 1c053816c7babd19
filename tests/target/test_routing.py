import pytest

from sim.contract import ErrorCode
from tests.target.servers import Server
from tests.target.test_agents import failed


@pytest.mark.parametrize(
    ("method", "target", "found"),
    [
        ("GET", "/api/db/machines", True),
        ("GET", "/api/db/machines?id=x", True),
        ("GET", "/api/db/machines/", False),
        ("GET", "/API/db/machines", False),
        ("POST", "/api/db/machines", False),
        ("GET", "/api/db/_rpc", False),
        ("HEAD", "/api/realtime", False),
        ("GET", "/", False),
        ("PUT", "/nowhere?query=1", False),
    ],
)
def test_method_and_path_decide(shared: Server, method: str, target: str, found: bool) -> None:
    answer = shared.http.request(method, target, headers=shared.auth())
    assert (answer.status_code == 404) != found
    if method != "HEAD":
        assert answer.json()["success"] == found


def test_the_error_names_what_was_asked_for(shared: Server) -> None:
    answer = shared.http.post("/nowhere")
    assert failed(answer) == (404, ErrorCode.NOT_FOUND)
    assert answer.json()["error"]["message"] == "no such route: POST /nowhere"
