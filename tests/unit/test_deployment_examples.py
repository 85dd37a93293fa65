"""The deployment examples are what the product understands: units, compose file, and the commands in them."""

import configparser
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway import cli
from gateway.cli.serve import chosen_roles

ROOT = Path(__file__).parents[2]
SYSTEMD, COMPOSE = ROOT / "examples" / "systemd", ROOT / "examples" / "compose" / "compose.yaml"
UNITS = sorted(SYSTEMD.glob("*.service"))
HARDENED = (
    "NoNewPrivileges",
    "ProtectSystem",
    "ProtectHome",
    "PrivateTmp",
    "CapabilityBoundingSet",
    "SystemCallFilter",
)


def unit(path: Path) -> configparser.RawConfigParser:
    read = configparser.RawConfigParser(strict=False, interpolation=None)
    read.optionxform = str  # type: ignore[assignment, method-assign]
    read.read(path)
    return read


def understood(words: list[str], capsys: pytest.CaptureFixture[str]) -> bool:
    """Say whether the command line takes these words."""
    if "--roles" in words:
        chosen_roles(words[words.index("--roles") + 1])
    code = cli.run([*words, "--help"])
    return code == 0 and "Usage: gateway" in capsys.readouterr().out


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_each_unit_runs_a_command_that_exists_hardened_and_with_time_to_stop(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    service = unit(path)["Service"]
    program, *words = shlex.split(service["ExecStart"])
    assert program.endswith("/bin/gateway")
    assert understood(words, capsys)
    assert all(name in service for name in HARDENED)
    assert int(service["TimeoutStopSec"]) > 45
    assert service["KillSignal"] == "SIGTERM"


def test_the_units_of_the_production_form_have_all_roles_between_them() -> None:
    from gateway.app import ROLES

    commands = [shlex.split(unit(path)["Service"]["ExecStart"])[1:] for path in UNITS]
    named = {role for words in commands if "--roles" in words for role in words[words.index("--roles") + 1].split(",")}
    workers = {"worker"} if any(words[0] == "worker" for words in commands) else set()
    assert named | workers == set(ROLES)


def test_the_compose_file_keeps_the_compose_specification() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(COMPOSE)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_service_of_the_compose_file_runs_a_command_that_exists(capsys: pytest.CaptureFixture[str]) -> None:
    services: dict[str, Any] = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"]
    ours = {name: service for name, service in services.items() if "build" in service}
    assert ours.keys() == {"listener", "worker", "clock", "web"}
    for name, service in ours.items():
        assert understood([str(word) for word in service["command"]], capsys), name
        assert service["cap_drop"] == ["ALL"]


def test_no_port_of_the_compose_file_is_open_to_other_machines() -> None:
    services = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"]
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert ports
    assert all(str(port).startswith("127.0.0.1:") for port in ports)


def test_the_image_copies_files_that_exist() -> None:
    lines = (COMPOSE.parent / "Dockerfile").read_text(encoding="utf-8").splitlines()
    copied = [word for line in lines if line.startswith("COPY") for word in line.split()[1:-1]]
    assert copied
    assert all((ROOT / name).exists() for name in copied)
    entry = next(line for line in lines if line.startswith("ENTRYPOINT"))
    assert json.loads(entry.removeprefix("ENTRYPOINT "))[-1] == "gateway"


METRIC = re.compile(r"\bgateway_[a-z_]+")


def asked_for() -> set[str]:
    folder = ROOT / "examples" / "prometheus"
    rules = yaml.safe_load((folder / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    board = json.loads((folder / "dashboard.json").read_text(encoding="utf-8"))
    asked = [rule["expr"] for group in rules for rule in group["rules"]]
    asked += [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    return {name for expression in asked for name in METRIC.findall(expression)}


def test_alarms_and_dashboard_ask_for_figures_that_exist() -> None:
    written = "".join(
        (ROOT / "gateway" / place).read_text(encoding="utf-8")
        for place in ("store/gauges.py", "counts.py", "desk/health.py")
    )
    plain = {name.removesuffix("_total").removesuffix("_bucket") for name in asked_for()}
    assert len(plain) > 10
    unknown = {
        name for name in plain if f'"{name}"' not in written and f'"{name.removeprefix("gateway_")}"' not in written
    }
    assert unknown == set()


def test_each_alarm_says_what_is_wrong_and_how_urgent_it_is() -> None:
    groups = yaml.safe_load((ROOT / "examples" / "prometheus" / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    for rule in [rule for group in groups for rule in group["rules"]]:
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert rule["annotations"]["summary"].endswith(".")
