"""docker-compose.yml is what Compose takes, and names what exists.

No container engine is needed: the official schema comes with check-jsonschema (Apache-2.0, as is the schema).
"""

import importlib.util
import json
import re
from importlib.resources import files
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from jsonschema.validators import validator_for

from digest.celery import app
from digest.environment import BASE
from digest.intake.lmtp import Place
from tests.node import run

COMPOSE: dict[str, Any] = yaml.safe_load((BASE / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "paper-round"}


def _command(name: str) -> list[str]:
    return list(SERVICES[name]["command"])


def test_it_follows_the_compose_specification() -> None:
    schema = json.loads((files("check_jsonschema") / "builtin_schemas/vendor/compose-spec.json").read_text(encoding="utf-8"))
    validator = validator_for(schema, default=Draft202012Validator)(schema)
    assert [f"{'/'.join(map(str, error.path))}: {error.message}" for error in validator.iter_errors(COMPOSE)] == []


def test_it_is_the_topology_of_production() -> None:
    assert set(SERVICES) == {"migrate", "web", "send", "ingest", "intake", "beat", "postgres", "redis", "mailpit", "caddy"}
    assert SERVICES["postgres"]["image"] == "postgres:18"


@pytest.mark.parametrize("name", sorted(set(SERVICES) - {"migrate"}))
def test_every_service_that_stays_is_watched(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"]


def test_every_dependency_is_a_service() -> None:
    wanted = {each for service in SERVICES.values() for each in service.get("depends_on", {})}
    assert wanted <= set(SERVICES)


def test_nothing_but_the_proxy_listens_beyond_this_host() -> None:
    ports = [port for name, service in SERVICES.items() if name != "caddy" for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


@pytest.mark.parametrize("name", sorted(OURS))
def test_our_containers_can_write_only_where_processes_keep_things(name: str) -> None:
    assert OURS[name]["read_only"] is True
    assert OURS[name]["cap_drop"] == ["ALL"]
    assert {volume.partition(":")[0] for volume in OURS[name]["volumes"]} <= set(COMPOSE["volumes"])


@pytest.mark.parametrize(("name", "verb"), [("send", "worker"), ("ingest", "worker"), ("beat", "beat")])
def test_celery_finds_its_application_and_its_verb(name: str, verb: str) -> None:
    program, option, application, given, *_ = _command(name)
    assert (program, option, given) == ("celery", "-A", verb)
    assert importlib.util.find_spec(application)
    assert app.main == application


def test_every_queue_has_its_workers() -> None:
    served = {option.partition("=")[2] for name in OURS for option in _command(name) if option.startswith("--queues=")}
    assert served == {queue.name for queue in app.conf.task_queues}


def test_migrations_run_before_anything_new_starts() -> None:
    for name in set(OURS) - {"migrate"}:
        assert SERVICES[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"


def test_the_web_server_finds_its_application() -> None:
    program, *_, target = _command("web")
    module, _, attribute = target.partition(":")
    assert program == "granian"
    assert callable(getattr(importlib.import_module(module), attribute))


def test_the_migration_runs_commands_that_exist() -> None:
    from django.core.management import get_commands

    verbs = re.findall(r"manage\.py (\w+)", " ".join(_command("migrate")))
    assert verbs
    assert set(verbs) <= set(get_commands())


def test_the_intake_listens_where_its_volume_and_its_healthcheck_are() -> None:
    from django.core.management import get_commands

    _, _, verb, option, place = _command("intake")
    assert verb in get_commands()
    assert option == "--lmtp"
    path = Place.parse(place).path
    assert path is not None
    assert f"lmtp:{path.parent}" in SERVICES["intake"]["volumes"]
    assert str(path) in SERVICES["intake"]["healthcheck"]["test"][-1]
    assert str(path.parent) in (BASE / "Dockerfile").read_text(encoding="utf-8")


def _dockerfile() -> list[tuple[str, str]]:
    """The instructions of the Dockerfile, in order, each with what it is given."""
    parsed = run("dockerfile.mjs", (BASE / "Dockerfile").read_bytes())
    assert parsed["faults"] == []
    return [(each["name"], each["rest"]) for each in parsed["instructions"]]


def test_the_dockerfile_is_what_a_builder_reads() -> None:
    instructions = _dockerfile()
    names = [name for name, _ in instructions]
    assert names.count("FROM") == 2, "one stage builds, the other runs"
    assert all(re.match(r"python:\d+\.\d+-slim-[a-z]+( AS build)?$", rest) for name, rest in instructions if name == "FROM")
    assert dict(instructions)["ENTRYPOINT"] == '["tini", "--"]'
    # Whoever builds on it is not root any more, and nothing is installed after that.
    assert "RUN" not in names[names.index("USER") :]
    assert "ADD" not in names


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_image_has_a_version(name: str) -> None:
    image = SERVICES[name]["image"]
    assert image == "paper-round" or re.search(r":v?\d", image), "latest is another image tomorrow"


def test_the_image_runs_as_an_ordinary_account_and_copies_what_exists() -> None:
    lines = (BASE / "Dockerfile").read_text(encoding="utf-8").splitlines()
    users = [line.split()[1] for line in lines if line.startswith("USER ")]
    assert users == ["paperround"]
    copied = [word for line in lines if line.startswith("COPY ") and "--from" not in line for word in line.split()[1:-1]]
    kept = {line[1:] for line in (BASE / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    for name in copied:
        assert (BASE / name).exists(), name
        assert name in kept, f"{name} is copied and ignored"


def test_the_image_and_compose_start_the_same_web_server() -> None:
    (start,) = re.findall(r"^CMD (\[.*\])$", (BASE / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    assert " ".join(json.loads(start)).replace("=", " ") == " ".join(_command("web")).replace("=", " ")
