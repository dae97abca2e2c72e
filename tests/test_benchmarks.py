"""The pure parts of the benchmarks: statistics, targets and tables."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from core.data.dataset import index_dataset
from core.films.radiograph import read_radiograph
from core.model.bundle import ModelBundle
from core.paths import sample_films
from core.scan.parity import Parity
from tests.benchmarks import (
    first_verdict,
    machine,
    planted_copies,
    refusals,
    scanning,
    starting,
    training_films,
)
from tests.benchmarks.child import ChildError, Run, Server, run_once
from tests.benchmarks.feature_extraction import HeadTraining, where_time_goes
from tests.benchmarks.feature_extraction import rows as head_rows
from tests.benchmarks.figures import (
    Row,
    Target,
    in_words,
    markdown_table,
    plain_row,
    ratio_row,
    ratios,
    row_in_words,
    spread,
)
from tests.benchmarks.reading_while_training import Reading
from tests.benchmarks.reading_while_training import rows as reading_rows
from tests.benchmarks.training_flow import Flow
from tests.benchmarks.training_flow import rows as flow_rows

FASTER = Target("at least 5 times faster", 5.0, at_least=True)
NEAR = Target("at most 1.15 times", 1.15)


def test_spread_gives_median_and_quartiles() -> None:
    found = spread([5.0, 1.0, 3.0, 2.0, 4.0])
    assert (found.low, found.median, found.high, found.count) == (2.0, 3.0, 4.0, 5)


def test_spread_of_one_value_is_that_value() -> None:
    found = spread([2.5])
    assert (found.low, found.median, found.high) == (2.5, 2.5, 2.5)


def test_spread_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one value"):
        spread([])


def test_spread_ignores_one_outlier() -> None:
    calm = spread([1.0] * 8)
    disturbed = spread([1.0] * 7 + [100.0])
    assert disturbed == calm


def test_ratios_are_taken_pair_by_pair() -> None:
    # A burst that doubles both of the second pair leaves the ratio as it was.
    assert ratios([10.0, 20.0], [2.0, 4.0]) == [5.0, 5.0]


def test_ratios_of_unequal_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="shorter|longer"):
        ratios([1.0, 2.0], [1.0])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.5, "0.50 s (0.50 to 0.50)"),
        (12.34, "12.3 s (12.3 to 12.3)"),
        (236.4, "236 s (236 to 236)"),
    ],
)
def test_figures_are_printed_with_digits_that_mean_something(
    value: float, text: str
) -> None:
    assert in_words([value], "s") == text


def test_a_limit_itself_is_reached() -> None:
    assert FASTER.is_reached(5.0)
    assert not FASTER.is_reached(4.99)
    assert NEAR.is_reached(1.15)
    assert not NEAR.is_reached(1.16)


def test_faster_compares_the_alternative_with_ours() -> None:
    row = ratio_row("verdict", [10.0, 10.0], [60.0, 80.0], "ms", FASTER)
    assert row.ratio.startswith("7.00 ×")
    assert row.reached is True


def test_an_upper_limit_compares_ours_with_the_bare_thing() -> None:
    row = ratio_row("heat map", [12.0, 12.0], [10.0, 10.0], "ms", NEAR)
    assert row.ratio.startswith("1.20 ×")
    assert row.reached is False


def test_a_figure_without_a_target_is_neither_reached_nor_missed() -> None:
    row = plain_row("processor time", [0.6], "s")
    assert row.reached is None
    assert "target" not in row_in_words(row)


def test_a_missed_target_is_said_loudly() -> None:
    row = plain_row("start", [0.9], "s", Target("at most 0.8 s", 0.8))
    assert "at most 0.8 s: NOT REACHED" in row_in_words(row)


def test_markdown_table_has_a_cell_for_every_column() -> None:
    rows = [Row("a | b", "1 s", reached=True), Row("c", "2 s", "3 s", "1.5 ×", "x")]
    lines = markdown_table(rows).splitlines()
    assert {line.count("|") for line in lines} == {7}
    assert lines[2] == "| a / b | 1 s | – | – | – | yes |"
    assert lines[3].endswith("| x | – |")


def _run(finding: str | None, covid: float, wall: float) -> Run:
    answer = {"finding": finding, "probabilities": {"covid": covid, "no": 1 - covid}}
    return Run(answer, wall, wall)


def test_a_different_verdict_reaches_no_target() -> None:
    ours, other = [_run("covid", 0.9, 0.5)], [_run(None, 0.9, 9.0)]
    result = first_verdict.FirstVerdict("film", ours, other)
    against = first_verdict.rows(result)[1]
    assert (against.ratio, against.reached) == ("the verdicts differ", False)
    assert "DIFFERENT" in first_verdict.agreement(result)


def test_probabilities_within_a_thousandth_are_the_same_verdict() -> None:
    ours, other = [_run("covid", 0.9, 0.5)], [_run("covid", 0.9005, 9.0)]
    result = first_verdict.FirstVerdict("film", ours, other)
    assert result.is_same_verdict
    assert first_verdict.rows(result)[1].reached is True


def test_films_are_named_by_their_kind_only() -> None:
    film = sample_films()[0]
    words = machine.film_in_words(film)
    assert words.startswith("drawn PNG ")
    assert film.stem not in words


def test_without_real_films_the_drawn_ones_serve(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HILUM_XRAY_DATA", str(tmp_path))
    assert machine.films() == sample_films()[:1]


@pytest.mark.skipif(not hasattr(os, "wait4"), reason="there is no wait4 here")
def test_a_child_is_timed_and_its_answer_read() -> None:
    run = run_once([sys.executable, "-c", "print('{\"a\": 1}')"])
    assert run.answer == {"a": 1}
    assert run.wall_s > 0
    assert run.cpu_s > 0


@pytest.mark.skipif(not hasattr(os, "wait4"), reason="there is no wait4 here")
def test_a_child_that_fails_says_why() -> None:
    with pytest.raises(ChildError, match="the reason"):
        run_once([sys.executable, "-c", "raise SystemExit('the reason')"])


def test_a_server_answers_line_by_line_and_ends() -> None:
    code = "import sys\nfor n in sys.stdin: print(int(n) + 1, flush=True)"
    with Server([sys.executable, "-c", code]) as server:
        assert [server.ask("1"), server.ask("5")] == [2, 6]


def test_a_server_that_is_gone_says_why() -> None:
    with (
        Server([sys.executable, "-c", "raise SystemExit('the reason')"]) as server,
        pytest.raises(ChildError, match="the reason"),
    ):
        server.ask("1")


def _turn(wall: float, accuracy: float) -> dict[str, float]:
    times = {"until_first_film_s": 0.1 * wall, "until_features_s": 0.9 * wall}
    return {"wall_s": wall, "cpu_s": wall, "val_accuracy": accuracy, **times}


def _heads(other: float, other_xla: float, accuracy: float = 0.8) -> HeadTraining:
    return HeadTraining(
        "12 films",
        ours=[_turn(10.0, 0.8)],
        exported=[_turn(15.0, 0.8)],
        other=[_turn(other, accuracy)],
        other_xla=[_turn(other_xla, accuracy)],
    )


def test_a_head_is_compared_with_keras_at_its_best() -> None:
    row = head_rows(_heads(80.0, 70.0))[0]
    assert row.what.endswith("fit with XLA")
    assert row.ratio.startswith("7.00 ×")
    assert row.reached is True
    assert "without XLA" in head_rows(_heads(50.0, 70.0))[0].what


def test_a_head_that_starts_from_a_file_has_the_same_target() -> None:
    by_ending = {row.what: row.reached for row in head_rows(_heads(80.0, 90.0))}
    assert [by_ending[what] for what in by_ending if "weights file" in what] == [False]


@pytest.mark.parametrize(("accuracy", "reached"), [(0.79, True), (0.78, False)])
def test_heads_of_the_same_accuracy_are_within_a_hundredth(
    accuracy: float, reached: bool
) -> None:
    row = head_rows(_heads(80.0, 90.0, accuracy))[-1]
    assert row.reached is reached


def test_the_parts_of_a_head_are_told() -> None:
    said = where_time_goes(_heads(80.0, 90.0))
    assert "from the bundle's graph: graph 1.0 s, films 8.0 s, head 1.0 s" in said


def test_the_device_is_busy_for_as_long_as_the_same_steps_take_in_memory() -> None:
    flow = Flow("320 films", 10, [10.0, 20.0], [9.5, 19.0], 0.05)
    row = flow_rows(flow)[0]
    assert row.ratio.startswith("0.95 ×")
    assert row.reached is True


def test_reading_while_training_is_compared_with_before_and_after() -> None:
    reading = Reading("film", [0.08], [0.18], [0.12], 10, 64)
    row = reading_rows(reading)[0]
    assert row.ratio == "1.80 ×"
    assert row.reached is True


def test_without_real_films_training_is_measured_with_drawn_ones(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HILUM_XRAY_DATA", str(tmp_path))
    manifest = training_films.choose_films(tmp_path, {"train": 7, "val": 3})
    assert training_films.kind() == "drawn"
    splits = [sample.split for sample in index_dataset(manifest).samples]
    assert (splits.count("train"), splits.count("val")) == (7, 3)


def test_films_are_stored_as_a_job_decodes_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HILUM_XRAY_DATA", str(tmp_path))
    manifest = training_films.choose_films(tmp_path, {"train": 6, "val": 3})
    training_films.store_films(manifest, tmp_path / "films.npz", 32)
    stored = training_films.load_films(tmp_path / "films.npz")
    assert (stored.pixels.shape, stored.train) == ((9, 32, 32), 6)
    assert np.bincount(stored.truth[:6]).tolist() == [2, 2, 2]
    assert stored.weights.mean() == pytest.approx(1.0)


def test_what_the_search_for_copies_says_becomes_figures() -> None:
    said = [
        "2000 films of 1024 pixels, load 0.1",
        "searched in 21.5 s (40.0 s of processor time)",
        "duplicate       100 of 100",
        "false alarms      3 of 1800 films (0.17%)",
    ]
    found = planted_copies.Found(2000, said, True)
    counts, seconds = planted_copies.rows(found)
    assert counts.ours == "duplicate 100 of 100, false alarms 3 of 1800"
    assert (seconds.ours, seconds.reached) == ("21.5 s (21.5 to 21.5)", True)


def test_fewer_films_than_promised_reach_no_time() -> None:
    found = planted_copies.Found(400, ["searched in 2.0 s"], True)
    assert planted_copies.rows(found)[1].reached is None


def _parts(decode: float, infer: float, both: float) -> dict[str, float]:
    times = {"decode": decode, "infer": infer, "both": both}
    return {
        **{f"{name}_film_s": seconds for name, seconds in times.items()},
        **{f"{name}_film_cpu_s": 2 * seconds for name, seconds in times.items()},
    }


def test_a_scan_is_compared_with_the_loop_and_with_its_slower_half() -> None:
    turn = scanning.Turn(0.08, {"float32": _parts(0.004, 0.013, 0.016)})
    against, slower, decoding, least = scanning.speed_rows([turn])
    assert (against.ratio, against.reached) == ("5.00 × (5.00 to 5.00)", True)
    assert against.ours.endswith("62.5 films a second")
    assert "inference alone" in slower.what
    assert (slower.ratio[:6], slower.reached) == ("1.23 ×", True)
    assert decoding.ours.startswith("4.00 ms")
    assert least.ours.startswith("1.31 ×")
    assert least.other == "8.0 + 26.0 ms of one core a film"


def test_growth_is_told_by_what_is_added() -> None:
    wall = {1000: 3.0, 10_000: 12.0, 100_000: 102.0}
    cpu = {films: 2 * seconds for films, seconds in wall.items()}
    peak = {1000: 200.0, 10_000: 205.0, 100_000: 260.0}
    time, used, memory = scanning.growth_rows(scanning.Growth(wall, cpu, peak))
    assert (time.ratio[:6], time.reached) == ("1.00 ×", None)
    assert (used.ours[:7], used.ratio[:6], used.reached) == ("2.00 ms", "1.00 ×", True)
    assert memory.ours.startswith("60.0 MB")
    assert memory.reached is False


def test_parity_is_told_for_each_precision() -> None:
    (row,) = scanning.parity_rows([Parity("int8", 200, 0.0671, 2)])
    assert row.what == "int8 against float32, 200 films"
    assert row.ours == "largest difference of a probability 0.067, other verdict 2"


@pytest.mark.slow
def test_films_to_scan_are_links_to_a_few(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HILUM_XRAY_DATA", str(tmp_path))
    monkeypatch.setattr(scanning, "DRAWN", 2)
    assert scanning.write_films(tmp_path / "films", 9) == "drawn"
    films = sorted((tmp_path / "films").iterdir())
    assert len(films) == 9
    assert len({film.stat().st_ino for film in films}) == 2
    facts = read_radiograph(films[0]).facts
    assert (facts.width, facts.height, facts.colour) == (1024, 1024, "grey")


@pytest.mark.slow
def test_scans_of_more_films_are_measured_in_processes_of_their_own(
    tmp_path: Path,
) -> None:
    growth = scanning.measure_growth(tmp_path, [5, 10, 20])
    assert list(growth.wall_s) == [5, 10, 20]
    assert all(20 < megabytes < 2000 for megabytes in growth.peak_mb.values())


@pytest.mark.slow
def test_parity_is_measured_on_different_films(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tiny_bundle: ModelBundle
) -> None:
    monkeypatch.setenv("HILUM_XRAY_DATA", str(tmp_path))
    (found,) = scanning.measure_parity(tiny_bundle, tmp_path / "films", 6)
    assert (found.precision, found.films) == ("bfloat16", 6)


def test_a_start_is_told_in_two_parts() -> None:
    starts = starting.Starts("from source", [0.4, 0.5, 0.6], [0.9, 1.1, 1.2])
    window, verdict = starting.rows([starts])
    assert (window.ours, window.reached) == ("0.50 s (0.45 to 0.55)", True)
    assert (verdict.ours[:6], verdict.reached) == ("1.10 s", False)


def test_the_packed_program_that_is_named_is_started(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HILUM_APP", str(tmp_path / "none"))
    assert [program.name for program in starting.programs()] == ["from source"]
    monkeypatch.setenv("HILUM_APP", str(tmp_path))
    names = [program.name for program in starting.programs()]
    assert names == ["from source", "packed, reader edition"]


@pytest.mark.slow
def test_an_unknown_group_is_refused() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks", "nonsense"],
        cwd=machine.ROOT,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 2
    assert "there is no group nonsense" in result.stderr


def test_pictures_of_other_things_are_made_alike_each_time() -> None:
    first, again = (list(refusals.made_pictures(10)) for _ in range(2))
    kinds = [kind for kind, _ in first]
    assert set(kinds) == {"noise", "drawing", "text", "photograph", "slice"}
    for (_, one), (_, other) in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, other)
        assert one.dtype == np.uint8


def test_refusals_are_held_against_their_targets() -> None:
    found = [
        refusals.Outcome("upright", 200, 1, 0),
        refusals.Outcome("rot90", 200, 10, 180),
        refusals.Outcome("not chest: knee", 100, 90, 0),
        refusals.Outcome("made: noise", 100, 100, 0),
        refusals.Outcome(refusals.WHOLE, 200, 0, 1),
        refusals.Outcome(refusals.CUT_OFF, 90, 0, 80),
    ]
    said = {row.what: row.reached for row in refusals.rows(found)}
    assert said["upright: refused"] is True
    assert said["rot90: told"] is True
    assert said["rot90: warned of"] is None
    assert said["no chest film: refused"] is False
    assert said["whole film, lungs: warned of"] is True
    assert said["lungs cut off: warned of"] is None
