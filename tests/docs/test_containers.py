"""The container examples and the pages for users of Locust: what they name exists, and the services really run."""

import re
import shlex
import socket
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import tests.live  # noqa: F401  # it imports locust without patching this process, so it comes before who does not

# isort: split
import click
import msgspec
import psutil
import pytest
from locust.argument_parser import get_empty_argument_parser, setup_parser_arguments

from sim.cli import cli
from sim.history import read_histories
from sim.live.arguments import add_arguments
from sim.results.folder import HISTORY, read_run
from sim.results.summary import RunVerdict
from tests.docs.pages import ROOT, codes
from tests.e2e.commands import LONGEST_WAIT_S, environment_of, run_folder, scenario

CONTAINERS: Final = ROOT / "docs" / "containers"
DOCKERFILE: Final = (CONTAINERS / "Dockerfile").read_text(encoding="utf-8")
COMPOSE: Final = (CONTAINERS / "compose.yaml").read_text(encoding="utf-8")
KUBERNETES: Final = (CONTAINERS / "kubernetes.yaml").read_text(encoding="utf-8")
PAGES: Final = [ROOT / "README.md", ROOT / "docs" / "distributed.md", ROOT / "locustfiles" / "README.md"]

ORGANISATIONS: Final = [0, 1, 2, 3]
"""Of the smallest scenario."""
TARGET_PORT, MASTER_PORT = 8787, 5557
_OF_LIBRARIES: Final = {"PATH", "PYTHONUNBUFFERED", "MPLCONFIGDIR"}


# The files as records of what is looked at.


class _Camel(msgspec.Struct, rename="camel"):
    """Kubernetes writes its keys so."""


class _Service(msgspec.Struct):
    command: list[str]
    network_mode: str = ""
    environment: dict[str, str] = {}
    ports: list[str] = []
    volumes: list[str] = []
    healthcheck: dict[str, object] = {}


class _Compose(msgspec.Struct):
    services: dict[str, _Service]
    volumes: dict[str, object]


class _Named(_Camel):
    name: str = ""
    labels: dict[str, str] = {}


class _EnvFrom(_Camel):
    config_map_ref: _Named


class _Port(_Camel):
    port: int = 0
    container_port: int = 0


class _Mount(_Camel):
    name: str
    mount_path: str


class _Container(_Camel):
    command: list[str]
    env_from: list[_EnvFrom] = []
    ports: list[_Port] = []
    volume_mounts: list[_Mount] = []


class _Volume(_Camel):
    name: str
    persistent_volume_claim: dict[str, str] = {}


class _Pod(_Camel):
    containers: list[_Container]
    security_context: dict[str, object]
    volumes: list[_Volume] = []


class _Template(_Camel):
    metadata: _Named
    spec: _Pod


class _Spec(_Camel):
    template: _Template | None = None
    selector: dict[str, object] = {}
    pod_selector: dict[str, dict[str, str]] = {}
    replicas: int = 1
    ports: list[_Port] = []


class _Thing(_Camel):
    kind: str
    metadata: _Named
    data: dict[str, str] = {}
    spec: _Spec = msgspec.field(default_factory=_Spec)


def _composed(given: Mapping[str, str]) -> _Compose:
    """compose.yaml with its variables, each of which must have a default: `docker compose up` needs none."""
    text = re.sub(r"\$\{(\w+):-([^}]*)\}", lambda found: given.get(found[1], found[2]), COMPOSE)
    assert "$" not in text
    return msgspec.yaml.decode(text.encode(), type=_Compose)


def _things(kind: str) -> list[_Thing]:
    parts = [msgspec.yaml.decode(part.encode(), type=_Thing) for part in KUBERNETES.split("\n---\n")]
    return [thing for thing in parts if thing.kind == kind]


def _pods() -> list[tuple[_Named, _Pod]]:
    templates = [thing.spec.template for kind in ("Job", "Deployment") for thing in _things(kind)]
    return [(template.metadata, template.spec) for template in templates if template is not None]


def _instructions(name: str) -> list[list[str]]:
    """The words of an instruction of the Dockerfile, for each time that it is there."""
    return [line.split() for line in re.findall(rf"^{name} (.*)$", DOCKERFILE, re.MULTILINE)]


def _image_variables() -> dict[str, str]:
    return dict(pair.split("=", 1) for words in _instructions("ENV") for pair in words)


# Command lines: they are parsed, and nothing is run.


def _parse(command: Sequence[str], variables: Mapping[str, str]) -> None:
    """Ends the test for an option, a value or a variable that there is not."""
    program, *arguments = command
    if program == "ztna-sim":
        with click.Context(cli) as context:
            verb = cli.get_command(context, arguments[0])
            assert verb is not None, command
            verb.make_context(arguments[0], arguments[1:]).close()
        return
    assert program == "locust", command
    parser = get_empty_argument_parser(default_config_files=[])
    setup_parser_arguments(parser)
    add_arguments(parser)
    parser.parse_args(arguments, env_vars=dict(variables))
    taken = parser.get_source_to_settings_dict().get("environment_variables", {})
    assert set(taken) == set(variables), command


def _typed() -> list[str]:
    """What the pages tell their readers to type."""
    found: list[str] = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        block = "\n".join(re.findall(r"^    (.*)$", text, re.MULTILINE)).replace("\\\n", " ")
        found += [line.partition(" #")[0] for line in block.splitlines()] + codes(text)
    return [line.strip() for line in found if re.match(r"(locust|ztna-sim \w+) ", line)]


@pytest.mark.parametrize("line", _typed())
def test_command_lines_of_the_pages(line: str) -> None:
    words = shlex.split(line.partition(" > ")[0].replace(" --help", "").replace(" N", " 2"))
    _parse(words, {})


def test_the_page_names_every_variable_of_ours() -> None:
    named = re.findall(r"`(ZTNA_\w+)`", (ROOT / "docs" / "distributed.md").read_text(encoding="utf-8"))
    defined = re.findall(r'env_var="(\w+)"', (ROOT / "sim" / "live" / "arguments.py").read_text(encoding="utf-8"))
    assert set(named) == set(defined)
    _parse(["locust"], dict.fromkeys(defined, "true"))


# The image.


def test_the_image_has_what_its_build_needs() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = {"pyproject.toml", project["project"]["readme"], *project["project"]["license-files"]}
    needed |= {*wheel["packages"], *wheel["force-include"]}
    copied = {source for words in _instructions("COPY") for source in words[:-1] if "--from" not in words[0]}
    assert copied >= needed
    assert all((ROOT / source).exists() for source in copied if not source.startswith("/"))
    extras = re.findall(r"\[(\w+)\]'", " ".join(words[-1] for words in _instructions("RUN")))
    assert extras
    assert set(extras) <= set(project["project"]["optional-dependencies"])


def test_the_image_sets_variables_that_there_are_and_starts_what_there_is() -> None:
    (command,) = re.findall(r"^CMD (.*)$", DOCKERFILE, re.MULTILINE)
    _parse(msgspec.json.decode(command, type=list[str]), {})
    ours = {name: value for name, value in _image_variables().items() if name not in _OF_LIBRARIES}
    assert set(ours) == {"ZTNA_OUT"}
    _parse(["locust"], ours)


def test_one_user_in_all_files_has_the_folders_that_are_written_to() -> None:
    (words,) = _instructions("USER")
    number = int(words[0])
    assert f"--uid {number} " in DOCKERFILE
    assert f"-o ztna {_image_variables()['ZTNA_OUT']}\n" in DOCKERFILE
    assert f"uid={number}," in COMPOSE
    for _, pod in _pods():
        assert pod.security_context["runAsUser"] == number
        assert pod.security_context["fsGroup"] == number


# The services of compose.yaml.


def test_services_share_the_network_of_the_target_and_only_the_web_ui_is_published() -> None:
    services = _composed({}).services
    assert {name: service.network_mode for name, service in services.items()} == {
        "target": "", "master": "service:target", "worker": "service:target",
    }  # fmt: skip
    assert [port for service in services.values() for port in service.ports] == ["127.0.0.1:8089:8089"]


def test_services_are_started_as_they_can_be() -> None:
    composed = _composed({})
    for service in composed.services.values():
        _parse(service.command, service.environment)
        assert {volume.partition(":")[0] for volume in service.volumes} <= set(composed.volumes)


def _command(service: _Service, folder: Path, ports: Mapping[int, int]) -> list[str]:
    """As a process of this machine: the container's folders are in `folder`, its ports are free ones."""
    program, *arguments = [_mapped(part, folder) for part in service.command]
    for port, free in ports.items():
        arguments = [part.replace(f"={port}", f"={free}") for part in arguments]
    return [sys.executable, "-m", {"ztna-sim": "sim"}.get(program, program), *arguments]


def _mapped(text: str, folder: Path) -> str:
    text = text.replace("/locustfiles/", f"{ROOT}/locustfiles/")
    return re.sub(r"(?<![\w.])/(credentials|results)\b", rf"{folder}/\1", text)


def _started(service: _Service, folder: Path, ports: Mapping[int, int], name: str) -> "subprocess.Popen[str]":
    """With a temporary folder of its own, as a container has."""
    own = folder / name / "tmp"
    own.mkdir(parents=True)
    variables = {name: value for name, value in _image_variables().items() if name != "PATH"} | service.environment
    mapped = {name: _mapped(value, folder) for name, value in variables.items()}
    return subprocess.Popen(
        _command(service, folder, ports), cwd=own, env=mapped | {"TMPDIR": str(own), "MPLCONFIGDIR": str(own)},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]


def _await(process: "subprocess.Popen[str]", word: str) -> None:
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if word in line:
            return
    raise AssertionError(f"it ended without {word!r}: {''.join(said)}")


def _is_healthy(service: _Service, folder: Path) -> bool:
    found = service.healthcheck["test"]
    assert isinstance(found, list)
    assert found[0] == "CMD"
    return subprocess.run([_mapped(part, folder) for part in found[1:]], check=False).returncode == 0


def _sockets(process: "subprocess.Popen[str]", port: int) -> int:
    """How many connections it has to a port."""
    found = psutil.Process(process.pid).net_connections("tcp")
    return sum(bool(one.raddr) and one.raddr[1] == port for one in found)


def test_the_services_run(tmp_path: Path) -> None:
    """With the variables that the file names: two workers, the smallest scenario, six seconds of it."""
    given = {"WORKERS": "2", "ZTNA_SCENARIO": scenario(tmp_path), "ZTNA_SET": "duration_s=6"}
    services = _composed(given).services
    services["master"].environment["ZTNA_HISTORY"] = "true"
    for name in ("credentials", "results"):
        (tmp_path / name).mkdir()
    ports = dict(zip((TARGET_PORT, MASTER_PORT), _free_ports(2), strict=True))
    with ExitStack() as stack:

        def start(service: str, name: str) -> "subprocess.Popen[str]":
            process = _started(services[service], tmp_path, ports, name)
            stack.enter_context(process)
            stack.callback(process.kill)
            return process

        assert not _is_healthy(services["target"], tmp_path)
        target = start("target", "target")
        _await(target, '"url"')
        assert _is_healthy(services["target"], tmp_path)
        workers = [start("worker", "worker-1"), start("worker", "worker-2")]
        master = start("master", "master")
        _await(master, "Run is measuring")
        sockets = [_sockets(worker, ports[TARGET_PORT]) for worker in workers]
        said, _ = master.communicate(timeout=LONGEST_WAIT_S)
        assert (master.returncode, "Traceback" in said) == (0, False), said
        assert all(sockets), "each worker drives some of the dashboards"
        for worker in workers:
            assert worker.wait(LONGEST_WAIT_S) == 0
        target.terminate()
        assert target.wait(LONGEST_WAIT_S) == 0
    folder = run_folder(tmp_path / "results")
    summary = read_run(folder).summary
    assert (summary.verdict, summary.load.organisations) == (RunVerdict.HELD, len(ORGANISATIONS))
    assert environment_of(folder)["workers"] == 2
    histories = read_histories((folder / HISTORY).read_bytes())
    assert sorted(history.frame.organisation for history in histories) == ORGANISATIONS


# Kubernetes.


def test_containers_are_started_as_they_can_be() -> None:
    (shared,) = _things("ConfigMap")
    pods = _pods()
    assert [name.labels["part"] for name, _ in pods] == ["master", "worker"]
    for _, pod in pods:
        (container,) = pod.containers
        assert [source.config_map_ref.name for source in container.env_from] in ([], [shared.metadata.name])
        _parse(container.command, shared.data if container.env_from else {})
        assert {mount.name for mount in container.volume_mounts} == {volume.name for volume in pod.volumes}


def test_workers_find_their_master_and_nobody_else_does() -> None:
    (service,), (policy,) = _things("Service"), _things("NetworkPolicy")
    (master, master_pod), (_, worker_pod) = _pods()
    assert service.spec.selector == policy.spec.pod_selector["matchLabels"] == master.labels
    assert [port.port for port in service.spec.ports] == [MASTER_PORT]
    assert MASTER_PORT in [port.container_port for port in master_pod.containers[0].ports]
    assert f"--master-host={service.metadata.name}" in worker_pod.containers[0].command


def test_the_master_waits_for_as_many_workers_as_there_are_and_names_its_host_once() -> None:
    (shared,), (workers,) = _things("ConfigMap"), _things("Deployment")
    assert shared.data["LOCUST_EXPECT_WORKERS"] == str(workers.spec.replicas)
    assert f"//{shared.data['ZTNA_ALLOW_HOST']}:" in shared.data["LOCUST_HOST"]


def test_no_secret_is_in_it_and_results_are_kept() -> None:
    assert _things("Secret") == []
    (claim,) = _things("PersistentVolumeClaim")
    (_, master), _ = _pods()
    claimed = {volume.persistent_volume_claim.get("claimName"): volume.name for volume in master.volumes}
    mounted = {mount.name: mount.mount_path for mount in master.containers[0].volume_mounts}
    assert mounted[claimed[claim.metadata.name]] == _image_variables()["ZTNA_OUT"]
