"""A fast precision against float32: which films, what is counted, where it is told."""

from __future__ import annotations

import dataclasses
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from core.__main__ import main
from core.films.finder import find_films
from core.model.bundle import ModelBundle
from core.scan import parity as module
from core.scan.parity import MAX_FILMS, TIME_SHARE, Parity, ParityCheck, _spread
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


def scanned(
    bundle: ModelBundle, folder: Path, parity: ParityCheck | None = None
) -> list[ScanRow]:
    scanner = Scanner(bundle, folder, precision="bfloat16", parity=parity)
    return list(scanner.scan(find_films(folder).films))


def other_rows(bundle: ModelBundle, folder: Path) -> list[ScanRow]:
    """Rows of a scan of which one has another finding."""
    rows = scanned(bundle, folder)
    shares = dict(rows[5].probabilities)
    shares["covid"] += 0.25
    rows[5] = dataclasses.replace(rows[5], probabilities=shares, finding="other")
    return rows


def without_a_limit(bundle: ModelBundle) -> ParityCheck:
    return ParityCheck(bundle, "bfloat16", time_share=float("inf"))


def test_each_film_is_decoded_once(
    tiny_bundle: ModelBundle, drawn: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = []

    def count(decode: Callable[[Path], Any]) -> Callable[[Path], Any]:
        return lambda path: read.append(path.name) or decode(path)

    for name in ("core.scan.scanner", "core.scan.parity"):
        target = f"{name}.read_radiograph"
        monkeypatch.setattr(target, count(module.read_radiograph))
    parity = without_a_limit(tiny_bundle)
    scanned(tiny_bundle, drawn, parity)
    assert parity.result is not None
    assert (parity.result.films, parity.result.differing) == (24, 0)
    assert sorted(read) == [f"{n:02}.png" for n in range(24)]


@pytest.mark.slow
def test_differences_and_other_verdicts_are_counted(
    tiny_bundle: ModelBundle, drawn: Path
) -> None:
    parity = without_a_limit(tiny_bundle)
    parity.see_again(other_rows(tiny_bundle, drawn), 24, drawn)
    assert parity.result is not None
    assert (parity.result.films, parity.result.differing) == (24, 1)
    assert parity.result.largest == pytest.approx(0.25, abs=0.02)


def test_without_a_film_there_is_no_result(tiny_bundle: ModelBundle) -> None:
    assert without_a_limit(tiny_bundle).result is None


@pytest.mark.slow
def test_films_that_changed_or_went_are_left_out(
    tiny_bundle: ModelBundle, drawn: Path
) -> None:
    rows = scanned(tiny_bundle, drawn)
    (drawn / "03.png").unlink()
    os.utime(drawn / "04.png", ns=(0, 0))
    parity = without_a_limit(tiny_bundle)
    parity.see_again(rows, 24, drawn)
    assert parity.result is not None
    assert parity.result.films == 22


def compute(seconds: float) -> None:
    """Take processor time."""
    until = time.process_time() + seconds
    while time.process_time() < until:
        pass


def slow_graph(parity: ParityCheck, seconds: float) -> list[float]:
    """Let float32 take so long; the moments at which it was asked."""
    asked: list[float] = []
    run = parity.graph.run

    def slow(batch: np.ndarray) -> Any:
        asked.append(time.process_time())
        compute(seconds)
        return run(batch)

    parity.graph.run = slow  # type: ignore[method-assign]
    return asked


def test_a_small_scan_compares_one_film(tiny_bundle: ModelBundle, drawn: Path) -> None:
    parity = ParityCheck(tiny_bundle, "bfloat16")
    parity.expect(24, 0)
    scanned(tiny_bundle, drawn, parity)
    assert parity.result is not None
    assert parity.result.films == 1


@pytest.mark.slow
def test_a_larger_one_spends_two_per_cent_of_its_time_spread_over_the_scan(
    tiny_bundle: ModelBundle, drawn: Path
) -> None:
    row = scanned(tiny_bundle, drawn)[0]
    parity = ParityCheck(tiny_bundle, "bfloat16")
    asked = slow_graph(parity, 0.01)
    began = time.process_time()
    parity.expect(400, 0)
    for _ in range(400):
        compute(0.006)
        parity.see(row, np.zeros((32, 32), np.float32))
    took = time.process_time() - began
    assert parity.result is not None
    assert 2 <= parity.result.films <= 5
    assert parity.spent_s >= 0.01 * len(asked)
    assert parity.spent_s <= TIME_SHARE * took + 0.005
    assert asked[-1] - began > 0.4 * took


@pytest.mark.parametrize(
    ("now", "before", "share"), [(0, 0, 1), (5, 0, 1), (5, 15, 0.25)]
)
def test_films_of_an_earlier_run_have_their_part_of_the_time(
    tiny_bundle: ModelBundle, now: int, before: int, share: float
) -> None:
    parity = ParityCheck(tiny_bundle, "bfloat16")
    parity.expect(now, before)
    assert parity._now_share == pytest.approx(share * TIME_SHARE)


@pytest.mark.slow
def test_many_films_are_taken_at_a_distance_up_to_the_most(
    tiny_bundle: ModelBundle, drawn: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_NARROW", 0.0)
    row = scanned(tiny_bundle, drawn)[0]
    parity = without_a_limit(tiny_bundle)
    seen: list[int] = []
    parity.expect(10_000, 0)
    for number in range(10_000):
        before = parity.result.films if parity.result else 0
        parity.see(row, np.zeros((32, 32), np.float32))
        if parity.result and parity.result.films > before:
            seen.append(number)
    assert len(seen) == MAX_FILMS
    assert {b - a for a, b in zip(seen, seen[1:], strict=False)} == {50}


@pytest.mark.slow
def test_it_ends_once_the_interval_is_narrow(
    tiny_bundle: ModelBundle, drawn: Path
) -> None:
    rows = scanned(tiny_bundle, drawn)
    parity = without_a_limit(tiny_bundle)
    parity.see_again(rows * 10, 240, drawn)
    assert parity.result is not None
    assert parity.result.differing == 0
    assert 140 < parity.result.films < 160


def test_rows_are_taken_so_that_the_first_few_lie_far_apart() -> None:
    assert sorted(_spread(5)) == [0, 1, 2, 3, 4]
    assert len(_spread(100_000)) == len(set(_spread(100_000))) == MAX_FILMS
    first = sorted(_spread(1000)[:10])
    gaps = [b - a for a, b in zip([0, *first], [*first, 1000], strict=True)]
    assert max(gaps) < 250


def test_it_is_said_in_a_sentence() -> None:
    assert Parity("bfloat16", 200, 0.0123, 1).in_words() == (
        "bfloat16 against float32 on 200 films: largest difference of a probability "
        "0.012, verdict differs for 1 (95 % interval: 0.1 to 2.8 % of films)."
    )
    assert "no verdict differs (95 %" in Parity("int8", 1, 0.0, 0).in_words()


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
    parity = json.loads(figures.read_text("utf-8"))["parity"]
    assert 1 <= parity["films"] <= 24
    assert parity["share_that_differs_ci"][0] == pytest.approx(0)
    said = capsys.readouterr()
    assert parity["in_words"].startswith("bfloat16 against float32 on ")
    for text in (said.out, said.err, page.read_text("utf-8")):
        assert parity["in_words"] in text


@pytest.mark.slow
def test_a_scan_that_is_gone_on_with_is_checked_as_a_whole(
    tiny_bundle: ModelBundle,
    drawn: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out, figures = tmp_path / "r.csv", tmp_path / "r.json"
    words = ["scan", drawn, "--out", out, "--model", tiny_bundle.path]
    more = ["--precision", "bfloat16", "--json", figures]
    assert main([*map(str, words), *map(str, more)]) == 0
    lines = out.read_bytes().splitlines(keepends=True)
    out.write_bytes(b"".join(lines[:5]))
    monkeypatch.setattr(
        module.ParityCheck.__init__, "__kwdefaults__", {"time_share": float("inf")}
    )
    assert main([*map(str, words), *map(str, more), "--resume"]) == 0
    parity = json.loads(figures.read_text("utf-8"))["parity"]
    assert parity["films"] == 24


@pytest.mark.slow
def test_a_scan_that_was_done_already_is_checked_too(
    tiny_bundle: ModelBundle, drawn: Path, tmp_path: Path
) -> None:
    out, figures = tmp_path / "r.csv", tmp_path / "r.json"
    words = ["scan", drawn, "--out", out, "--model", tiny_bundle.path]
    more = ["--precision", "bfloat16", "--json", figures, "--resume"]
    for _ in range(2):
        assert main([*map(str, words), *map(str, more)]) == 0
    assert json.loads(figures.read_text("utf-8"))["parity"]["films"] >= 1
