"""A fast precision against float32: which films, what is counted, where it is told."""

from __future__ import annotations

import dataclasses
import itertools
import json
import os
from pathlib import Path

import cv2
import pytest

from core.__main__ import main
from core.films.finder import find_films
from core.model.bundle import ModelBundle
from core.scan.parity import MOST, Parity, _chosen, check_parity
from core.scan.row import ScanRow
from core.scan.scanner import Scanner
from tests.phantoms import draw_phantom


@pytest.fixture
def drawn(tmp_path: Path) -> Path:
    folder = tmp_path / "drawn"
    folder.mkdir()
    for seed in range(24):
        pixels = draw_phantom(["covid", "normal", "pneumonia"][seed % 3], seed, 64)
        cv2.imwrite(str(folder / f"{seed:02}.png"), pixels)
    return folder


def scanned(bundle: ModelBundle, folder: Path, precision: str) -> list[ScanRow]:
    return list(
        Scanner(bundle, folder, precision=precision).scan(find_films(folder).films)
    )


def test_the_same_numbers_differ_by_nothing(
    tiny_bundle: ModelBundle, drawn: Path
) -> None:
    exact = scanned(tiny_bundle, drawn, "float32")
    rows = [dataclasses.replace(row, precision="bfloat16") for row in exact]
    parity = check_parity(lambda: rows, tiny_bundle, drawn)
    assert parity is not None
    assert (parity.films, parity.differing) == (24, 0)
    assert parity.largest == pytest.approx(0, abs=1e-5)


def test_differences_and_other_verdicts_are_counted(
    tiny_bundle: ModelBundle, drawn: Path
) -> None:
    rows = [
        dataclasses.replace(row, precision="bfloat16")
        for row in scanned(tiny_bundle, drawn, "float32")
    ]
    shares = dict(rows[5].probabilities)
    shares["covid"] += 0.25
    rows[5] = dataclasses.replace(rows[5], probabilities=shares, finding="other")
    parity = check_parity(lambda: rows, tiny_bundle, drawn)
    assert parity is not None
    assert (parity.films, parity.differing) == (24, 1)
    assert parity.largest == pytest.approx(0.25, abs=1e-5)


def test_a_scan_in_float32_needs_no_check(
    tiny_bundle: ModelBundle, drawn: Path
) -> None:
    rows = scanned(tiny_bundle, drawn, "float32")
    assert check_parity(lambda: rows, tiny_bundle, drawn) is None


def test_films_that_changed_or_went_are_left_out(
    tiny_bundle: ModelBundle, drawn: Path
) -> None:
    rows = scanned(tiny_bundle, drawn, "bfloat16")
    (drawn / "03.png").unlink()
    os.utime(drawn / "04.png", ns=(0, 0))
    parity = check_parity(lambda: rows, tiny_bundle, drawn)
    assert parity is not None
    assert parity.films == 22


def test_at_most_two_hundred_films_are_read_spread_over_all(
    tiny_bundle: ModelBundle, drawn: Path
) -> None:
    row = scanned(tiny_bundle, drawn, "bfloat16")[0]
    rows = [dataclasses.replace(row, file=f"{n:05}") for n in range(10_000)]
    places = [int(each.file) for each in _chosen(lambda: rows)]
    assert len(places) == MOST
    assert {b - a for a, b in itertools.pairwise(places)} == {50}
    assert (places[0], places[-1]) == (25, 9_975)


def test_it_is_said_in_a_sentence() -> None:
    assert Parity("bfloat16", 200, 0.0123, 1).in_words() == (
        "bfloat16 against float32 on 200 films: largest difference of a probability "
        "0.012, verdict differs for 1."
    )
    assert Parity("int8", 1, 0.0, 0).in_words().endswith("no verdict differs.")


def test_a_scan_reports_it_everywhere(
    tiny_bundle: ModelBundle,
    drawn: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out, page, figures = (tmp_path / name for name in ("r.csv", "r.html", "r.json"))
    words = ["scan", drawn, "--out", out, "--model", tiny_bundle.path]
    more = ["--precision", "bfloat16", "--report", page, "--json", figures]
    assert main([*map(str, words), *map(str, more)]) == 0
    sentence = "bfloat16 against float32 on 24 films: largest difference"
    said = capsys.readouterr()
    assert sentence in said.out
    assert sentence in said.err
    assert sentence in page.read_text("utf-8")
    assert json.loads(figures.read_text("utf-8"))["parity"]["films"] == 24


def test_a_scan_that_is_gone_on_with_is_checked_as_a_whole(
    tiny_bundle: ModelBundle, drawn: Path, tmp_path: Path
) -> None:
    out, figures = tmp_path / "r.csv", tmp_path / "r.json"
    words = ["scan", drawn, "--out", out, "--model", tiny_bundle.path]
    more = ["--precision", "bfloat16", "--json", figures]
    assert main([*map(str, words), *map(str, more)]) == 0
    lines = out.read_bytes().splitlines(keepends=True)
    out.write_bytes(b"".join(lines[:5]))
    assert main([*map(str, words), *map(str, more), "--resume"]) == 0
    parity = json.loads(figures.read_text("utf-8"))["parity"]
    assert parity["films"] == 24
