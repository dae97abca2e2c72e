"""Where a comparison of two models is kept, and the command that makes it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.json_file import read_json
from core.model.bundle import ModelBundle
from core.runs.run import Run


def compare_command(
    run: Run, candidate: ModelBundle, in_use: ModelBundle, allowed_drop: float
) -> list[str]:
    """Words of the command that compares two models on a run's test films.

    Args:
        allowed_drop: Most by which the recall of a class may fall, a share.
    """
    return [
        *("compare", str(candidate.path), str(in_use.path)),
        *("--data", str(run.split), "--split", "test"),
        *("--allow-drop", str(allowed_drop)),
        *("--json", str(run.comparison), "--overwrite"),
    ]


def read_comparison(
    path: Path, candidate: ModelBundle, in_use: ModelBundle
) -> Mapping[str, Any] | None:
    """The comparison that was kept; None unless it is of these two models."""
    try:
        result = read_json(path)
        hashes = result["candidate"]["sha256"], result["in_use"]["sha256"]
        is_whole = {"verdict", "sentences", "warnings", "differences", "dropped"}
        if hashes == (candidate.sha256, in_use.sha256) and is_whole <= set(result):
            return dict(result)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return None
