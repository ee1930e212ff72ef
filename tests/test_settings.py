"""Settings: read from the environment, and refused in words."""

from __future__ import annotations

import pytest

from tablecast.errors import SettingError
from tablecast.settings import SETTINGS, read_settings


def test_an_empty_environment_gives_the_defaults() -> None:
    """Nothing set, or set to nothing, means the default."""
    assert read_settings({})["deployment"] == "deployment_28042020"
    assert read_settings({"PORT": " ", "TABLECAST_ENGINE": ""})["port"] == 5000


def test_the_environment_wins() -> None:
    """PORT and the engine come from the environment."""
    settings = read_settings({"PORT": "8123", "TABLECAST_ENGINE": "pycaret"})
    assert (settings["port"], settings["engine"]) == (8123, "pycaret")


@pytest.mark.parametrize(
    ("variable", "value", "word"),
    [("TABLECAST_ENGINE", "fast", "onnx, pycaret"), ("PORT", "http", "whole number"),
     ("WEB_CONCURRENCY", "-1", "whole number")],
)
def test_a_bad_value_names_its_variable(variable: str, value: str, word: str) -> None:
    """The line says which variable, its value, and what would do."""
    with pytest.raises(SettingError, match=f"{variable}.*{word}.*{value}"):
        read_settings({variable: value})


def test_every_setting_says_what_it_is_for() -> None:
    """Each has help, and no two share a variable."""
    assert all(setting.help.endswith(".") for setting in SETTINGS.values())
    assert len({setting.variable for setting in SETTINGS.values()}) == len(SETTINGS)
