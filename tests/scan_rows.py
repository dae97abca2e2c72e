"""Rows of a scan, made up."""

from __future__ import annotations

import dataclasses
import random
from typing import Final

from core.model.bundle import Label
from core.scan.row import ScanRow
from core.words import percent

LABELS: Final = (
    Label("covid", "COVID-19"),
    Label("normal", "Normal"),
    Label("pneumonia", "Pneumonia"),
)
NAMES: Final = tuple(label.name for label in LABELS)


def read_row(
    file: str, *shares: float, warnings: tuple[str, ...] = (), verdict: str = ""
) -> ScanRow:
    """A film that was read; its likeliest label is stated from a half on."""
    probabilities = dict(zip(NAMES, shares, strict=True))
    top = max(probabilities, key=probabilities.__getitem__)
    name = LABELS[NAMES.index(top)].display_name
    is_sure = probabilities[top] >= 0.5
    said = f"Looks like {name}, {percent(probabilities[top])}."
    return _row(
        file,
        finding=top if is_sure else None,
        verdict=verdict or (said if is_sure else "Uncertain."),
        probabilities=probabilities,
        warnings=warnings,
    )


def failed_row(file: str, error: str = "It is empty.") -> ScanRow:
    """A film that could not be read."""
    return _row(file, error=error)


def refused_row(file: str, reason: str) -> ScanRow:
    """A film that was read and has no verdict."""
    return dataclasses.replace(
        _row(file, verdict=f"No verdict. {reason}"), reason=reason
    )


def many_rows(count: int, *, seed: int = 0) -> list[ScanRow]:
    """Rows of all kinds, their files by chance."""
    chance = random.Random(seed)
    rows = []
    for number in range(count):
        file = f"ward {number % 23}/IMG_{chance.randrange(10**6)}_{number}.png"
        if number % 50 == 7:
            rows.append(failed_row(file, f'"{file.rpartition("/")[2]}" is empty.'))
            continue
        weights = [chance.random() ** 3 for _ in NAMES]
        shares = [round(weight / sum(weights), 6) for weight in weights]
        warnings = ("The picture is very small.",) * (number % 9 == 0)
        rows.append(read_row(file, *shares, warnings=warnings))
    return rows


def _row(
    file: str,
    *,
    finding: str | None = None,
    verdict: str = "",
    probabilities: dict[str, float] | None = None,
    warnings: tuple[str, ...] = (),
    error: str = "",
) -> ScanRow:
    return ScanRow(
        file=file,
        finding=finding,
        verdict=verdict,
        probabilities=probabilities or {},
        warnings=warnings,
        error=error,
        size=None if error else 123,
        modified="2026-01-02T03:04:05.000006Z",
        model="Tiny",
        model_sha256="ab" * 32,
        precision="float32",
        version="0.1.0",
    )
