"""What a search may vary, as its file says it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.errors import TrainingError
from core.runs.config import TrainingConfig
from core.search.space import (
    Range,
    config_with,
    grid_of,
    read_space,
    space_from_json,
)
from core.search.storage import without_password

BASE = TrainingConfig()


def test_lists_and_ranges_are_read() -> None:
    space = space_from_json(
        {
            "batch": [16, 32],
            "head_rate": {"low": 1e-4, "high": 1e-2, "log": True},
            "head_epochs": {"low": 10, "high": 50, "step": 20},
            "augmentation.flip": [True, False],
        },
        BASE,
    )
    assert space["batch"] == (16, 32)
    assert space["head_rate"] == Range(1e-4, 1e-2, None, True, is_whole=False)
    assert space["head_epochs"] == Range(10, 50, 20, False, is_whole=True)


def test_range_ends_at_its_last_step() -> None:
    fields = {"dropout": {"low": 0.1, "high": 0.45, "step": 0.1}}
    part = space_from_json(fields, BASE)["dropout"]
    assert part == Range(0.1, 0.4, 0.1, False, is_whole=False)


def test_settings_of_a_trial_are_laid_over_those_of_the_job() -> None:
    config = config_with(BASE, {"batch": 8, "augmentation.zoom": 0.5})
    assert (config.batch, config.augmentation.zoom) == (8, 0.5)
    assert config.augmentation.gamma == BASE.augmentation.gamma
    # A backbone brings its usual layer along, unless the space says otherwise.
    assert config_with(BASE, {"backbone": "vgg16"}).unfreeze_from == 15
    both = {"backbone": "vgg16", "unfreeze_from": 3}
    assert config_with(BASE, both).unfreeze_from == 3


def test_grid_is_every_combination() -> None:
    fields = {
        "dropout": {"low": 0, "high": 0.3, "step": 0.1},
        "head_epochs": {"low": 2, "high": 3},
    }
    grid = grid_of(space_from_json(fields, BASE))
    assert [row["dropout"] for row in grid[::2]] == [0.0, 0.1, 0.2, 0.3]
    assert len(grid) == 8
    assert all(isinstance(row["head_epochs"], int) for row in grid)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "names no setting"),
        ([], "names no setting"),
        ({"bach": [1]}, "no setting called bach"),
        ({"seed": [1, 2]}, "cannot vary seed"),
        ({"batch": 16}, "space of batch"),
        ({"batch": []}, "different values"),
        ({"batch": [16, 16]}, "different values"),
        ({"batch": [16, 0]}, "batch must be 1 to 1024"),
        ({"optimiser": ["adam", "adams"]}, "optimiser must be one of"),
        ({"optimiser": {"low": 1, "high": 2}}, "is no number"),
        ({"head_rate": {"low": 0.1}}, "'high' is missing"),
        ({"head_rate": {"low": 0.1, "high": 0.2, "hihg": 1}}, "'hihg' is not known"),
        ({"head_rate": {"low": 0.2, "high": 0.1}}, "low must be less"),
        ({"head_rate": {"low": 0.1, "high": 2}}, "head_rate must be"),
        ({"dropout": {"low": 0, "high": 0.5, "log": True}}, "with log"),
        ({"dropout": {"low": 0, "high": 0.5, "step": 0.7}}, "step must be"),
        ({"batch": {"low": 1, "high": 2.5}}, "whole numbers"),
    ],
)
def test_mistake_is_named(fields: Any, said: str) -> None:
    with pytest.raises(TrainingError, match=said) as raised:
        space_from_json(fields, BASE)
    assert raised.value.hint


def test_grid_refuses_what_has_no_end() -> None:
    space = space_from_json({"head_rate": {"low": 0.1, "high": 0.2}}, BASE)
    with pytest.raises(TrainingError, match="which values of head_rate"):
        grid_of(space)
    many = {
        name: {"low": 1, "high": 1000, "step": 1}
        for name in ("head_epochs", "patience")
    }
    with pytest.raises(TrainingError, match="1,000,000 combinations"):
        grid_of(space_from_json(many, BASE))


def test_file_that_is_no_json_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "space.json"
    file.write_text("batch: [16]", encoding="utf-8")
    with pytest.raises(TrainingError, match=r"space\.json cannot be read"):
        read_space(file, BASE)
    file.write_text(json.dumps({"batch": [16]}), encoding="utf-8")
    space, fields = read_space(file, BASE)
    assert (space, fields) == ({"batch": (16,)}, {"batch": [16]})


def test_a_password_of_a_database_is_not_written_down() -> None:
    database = "postgresql://ward:s3cret@host:5432/trials"
    assert without_password(database) == "postgresql://ward:***@host:5432/trials"
    for password in ("pa/ss", "p#1", "p?1", "p[1", "a:b"):
        database = f"postgresql+psycopg://ward:{password}@host/trials"
        assert without_password(database) == "postgresql+psycopg://ward:***@host/trials"
    for plain in ("sqlite:///trials.db", "postgresql://ward@host/trials", ""):
        assert without_password(plain) == plain
