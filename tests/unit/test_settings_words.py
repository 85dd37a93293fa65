"""What is said about settings that cannot be used."""

from pathlib import Path

import pytest

from gateway import config
from gateway.errors import ConfigError


def test_a_setting_that_does_not_exist_is_said_in_our_words(tmp_path: Path) -> None:
    (tmp_path / "gateway.toml").write_text("[smtp]\nprot = 25\n")
    with pytest.raises(ConfigError, match=r"smtp\.prot: there is no such setting; see gateway\.example\.toml"):
        config.load(tmp_path / "gateway.toml")
