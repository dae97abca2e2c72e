"""Which precision is quickest here: what counts, what is remembered."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import cv2
import pytest

from core.__main__ import main
from core.model import graph as graphs
from core.model import precision as module
from core.model.bundle import INT8_GRAPH, INT8_WEIGHTS, ModelBundle, write_bundle
from core.model.precision import fastest, film_times
from core.paths import user_data_dir
from core.scan.parity import LEAST_FILMS
from core.scan.results import read_labels, read_rows
from tests.phantoms import draw_phantom

SECONDS = {"float32": 1.0, "bfloat16": 0.5, "int8": 0.3}


@pytest.fixture
def timed(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Precisions that were timed, each time; `SECONDS` is what they take."""
    found: list[list[str]] = []

    def times(bundle: ModelBundle, names: Iterable[str]) -> dict[str, float]:
        found.append(list(names))
        return {name: SECONDS[name] for name in found[-1]}

    monkeypatch.setattr(module, "film_times", times)
    has(monkeypatch, "FP32", "BF16", "INT8")
    return found


def has(monkeypatch: pytest.MonkeyPatch, *capabilities: str) -> None:
    monkeypatch.setattr(module, "capabilities", lambda: frozenset(capabilities))


def takes(monkeypatch: pytest.MonkeyPatch, **seconds: float) -> None:
    for name, value in seconds.items():
        monkeypatch.setitem(SECONDS, name, value)


@pytest.fixture
def calibrated(tiny_bundle: ModelBundle, tmp_path: Path) -> ModelBundle:
    """A bundle with a second graph, as one that was calibrated has."""
    files = {name: tiny_bundle.path / name for name in tiny_bundle.card.files}
    files |= {
        INT8_GRAPH: tiny_bundle.path / "model.xml",
        INT8_WEIGHTS: tiny_bundle.path / "model.bin",
    }
    return write_bundle(tmp_path / "calibrated", tiny_bundle.card, files)


def test_the_quickest_is_taken(
    calibrated: ModelBundle, timed: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert fastest(calibrated) == "int8"
    assert timed == [["float32", "bfloat16", "int8"]]


@pytest.mark.parametrize(("bfloat16", "int8"), [(1.4, 1.1), (0.9, 0.95)])
def test_float32_is_taken_where_the_others_gain_nothing_or_little(
    calibrated: ModelBundle,
    timed: list[list[str]],
    monkeypatch: pytest.MonkeyPatch,
    bfloat16: float,
    int8: float,
) -> None:
    takes(monkeypatch, bfloat16=bfloat16, int8=int8)
    assert fastest(calibrated) == "float32"


def test_what_the_processor_has_no_instructions_for_is_not_timed(
    calibrated: ModelBundle, timed: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    has(monkeypatch, "FP32", "INT8")
    assert fastest(calibrated) == "int8"
    has(monkeypatch, "FP32")
    assert fastest(calibrated) == "float32"
    assert timed == [["float32", "int8"]]


def test_a_model_without_a_graph_in_int8_is_read_in_bfloat16(
    tiny_bundle: ModelBundle, timed: list[list[str]]
) -> None:
    assert fastest(tiny_bundle) == "bfloat16"
    assert timed == [["float32", "bfloat16"]]


def test_it_is_measured_once_for_each_model(
    tiny_bundle: ModelBundle,
    calibrated: ModelBundle,
    timed: list[list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for _ in range(2):
        assert fastest(calibrated) == "int8"
        assert fastest(tiny_bundle) == "bfloat16"
    assert len(timed) == 2
    monkeypatch.setattr(module, "machine_name", lambda: "another processor")
    fastest(tiny_bundle)
    assert len(timed) == 3


@pytest.mark.parametrize(
    "text", ["", "[1]", '{"KEY": 3}', '{"KEY": {"float32": "1", "bfloat16": 0.1}}']
)
def test_a_damaged_memory_is_measured_anew(
    tiny_bundle: ModelBundle, timed: list[list[str]], text: str
) -> None:
    fastest(tiny_bundle)
    file = user_data_dir() / "precisions.json"
    (key,) = json.loads(file.read_text("utf-8"))
    file.write_text(text.replace("KEY", key), "utf-8")
    assert fastest(tiny_bundle) == "bfloat16"
    assert len(timed) == 2


def test_where_nothing_can_be_kept_it_is_measured_each_time(
    tiny_bundle: ModelBundle, timed: list[list[str]]
) -> None:
    user_data_dir().parent.mkdir(parents=True, exist_ok=True)
    user_data_dir().write_text("a file where the folder should be", "utf-8")
    assert [fastest(tiny_bundle), fastest(tiny_bundle)] == ["bfloat16"] * 2
    assert len(timed) == 2


def test_times_are_those_of_the_graphs(tiny_bundle: ModelBundle) -> None:
    times = film_times(tiny_bundle, ["float32", "bfloat16"])
    assert list(times) == ["float32", "bfloat16"]
    assert all(0 < seconds < 1 for seconds in times.values())


@pytest.mark.parametrize(
    ("flags", "has_int8"),
    [("fpu avx2 avx512f", False), ("avx2 avx_vnni", True), ("avx512_vnni", True)],
)
def test_int8_counts_where_the_processor_multiplies_integers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flags: str, has_int8: bool
) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(f"processor : 0\nflags\t\t: {flags}\n", "utf-8")
    monkeypatch.setattr(graphs, "_PROCESSOR", cpuinfo)
    assert ("INT8" in graphs.capabilities()) == has_int8


def scan_fast(folder: Path, bundle: ModelBundle, out: Path, *more: str) -> set[str]:
    words = [folder, "--out", out, "--model", bundle.path, "--precision", "fast"]
    assert main(["scan", *map(str, words), *more]) == 0
    return {row.precision for row in read_rows(out, read_labels(out))}


def write_films(folder: Path, count: int) -> Path:
    folder.mkdir(exist_ok=True)
    for seed in range(count):
        cv2.imwrite(str(folder / f"{seed:03}.png"), draw_phantom("covid", seed, 64))
    return folder


@pytest.mark.slow
def test_a_scan_takes_it_and_goes_on_with_it(
    tiny_bundle: ModelBundle,
    timed: list[list[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder, out = write_films(tmp_path / "films", LEAST_FILMS), tmp_path / "r.csv"
    assert scan_fast(folder, tiny_bundle, out) == {"bfloat16"}
    assert "Reading in bfloat16, as the fastest here." in capsys.readouterr().err
    lines = out.read_bytes().splitlines(keepends=True)
    out.write_bytes(b"".join(lines[:5]))
    takes(monkeypatch, bfloat16=2.0)
    (user_data_dir() / "precisions.json").unlink()
    assert scan_fast(folder, tiny_bundle, out, "--resume") == {"bfloat16"}


def test_a_small_scan_is_read_in_float32_untimed(
    tiny_bundle: ModelBundle, timed: list[list[str]], tmp_path: Path
) -> None:
    folder = write_films(tmp_path / "films", 5)
    assert scan_fast(folder, tiny_bundle, tmp_path / "r.csv") == {"float32"}
    assert not timed
