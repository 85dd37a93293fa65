"""The example settings file documents every key, and what it says is true."""

import re
import tomllib
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from gateway import config

EXAMPLE = Path(__file__).parents[2] / "gateway.example.toml"
TABLE = re.compile(r"^#?\[(?P<name>[^\]]+)\]")
KEY = re.compile(r"^#?(?P<name>\w+) = ")
# The user's own names stand for any name.
ANY_NAME = {
    "imap.support": "imap.*",
    "profile.on-premises": "profile.*",
    "types.feature-request": "types.*",
    "profile.*.targets.standard": "profile.*.targets.*",
}
ANY_KEY = {"product_lines.router": "product_lines.*"}


def documented() -> dict[str, str]:
    """Return every `table.key` of the example with the comment above it (keys in a row share one)."""
    found: dict[str, str] = {}
    table, comment, fresh = "", "", True
    for line in EXAMPLE.read_text(encoding="utf-8").splitlines():
        if match := TABLE.match(line):
            table = match["name"]
            for own, anyone in ANY_NAME.items():
                table = re.sub(rf"^{re.escape(own)}(?=\.|$)", anyone, table)
        elif match := KEY.match(line):
            name = f"{table}.{match['name']}"
            found[ANY_KEY.get(name, name)] = comment
            fresh = True
        elif line.startswith("# "):
            comment, fresh = (line if fresh else f"{comment} {line}"), False
    return found


def known(model: type[BaseModel], table: str = "") -> list[str]:
    """Return every `table.key` that the settings have."""
    keys: list[str] = []
    for name, field in model.model_fields.items():
        path = f"{table}.{name}".lstrip(".")
        inner = [t for t in (field.annotation, *get_args(field.annotation)) if _is_table(t)]
        if inner:
            star = ".*" if str(field.annotation).startswith("dict") else ""
            keys += known(inner[0], path + star)
        else:
            # A section that is all names of one's own.
            keys.append(path if table else f"{path}.*")
    return keys


def _is_table(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


@pytest.mark.parametrize("key", known(config.Config))
def test_every_setting_is_documented_with_its_default(key: str) -> None:
    """CONTRACT 3: `gateway.example.toml` documents each key with unit and default."""
    comment = documented().get(key, "")
    assert re.search(r"\b[Dd]efaults?\b", comment), f"{key} has no comment with its default in {EXAMPLE.name}"


def test_no_setting_is_documented_that_does_not_exist() -> None:
    assert set(documented()) - set(known(config.Config)) == set()


def test_example_file_loads_and_changes_nothing() -> None:
    assert config.load(EXAMPLE) == config.Config()


def test_settings_that_the_example_leaves_out_load_when_they_are_taken_in() -> None:
    text = re.sub(r"^#(?=[\[\w])", "", EXAMPLE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    settings = config.load(None, **tomllib.loads(text))
    assert settings.imap["support"].port == 993
    assert settings.profile["on-premises"].reopen.window_days == 30
