"""`core search`: real small trainings, a real study, a real model in the end."""

from __future__ import annotations

import csv
import json
import shutil
import signal
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.__main__ import main
from core.errors import TrainingError
from core.jobs.events import JobStopped, Noted, StageStarted
from core.model.bundle import read_bundle
from core.paths import searches_dir
from core.runs.run import FINISHED, INTERRUPTED
from core.search.record import SearchTable
from core.search.store import list_searches, read_search
from tests.training_child import SMALL, Child

keras = pytest.importorskip("keras")

from core.training import train  # noqa: E402
from core.training.head_fit import fit_head  # noqa: E402

pytestmark = pytest.mark.slow

GRID = {"head_rate": [0.01, 0.001], "dropout": [0.0, 0.5]}
FROZEN = {"epochs": 0, "head_epochs": 3}


@pytest.fixture
def words(phantoms: Path, tmp_path: Path) -> Callable[..., list[str]]:
    """Makes the words of a search of the phantoms."""

    def make(space: dict[str, Any], trials: int, *more: str, **job: Any) -> list[str]:
        files = {"space.json": space, "job.json": {**SMALL, **FROZEN, **job}}
        for name, fields in files.items():
            (tmp_path / name).write_text(json.dumps(fields), encoding="utf-8")
        given = {
            "--data": phantoms,
            "--space": tmp_path / "space.json",
            "--config": tmp_path / "job.json",
            "--out": tmp_path / "search",
            "--trials": trials,
        }
        flat = [str(word) for pair in given.items() for word in pair]
        return [*flat, *more]

    return make


def table_of(folder: Path) -> SearchTable:
    return read_search(folder).table()


def noted(child: Child) -> list[str]:
    return [e.message for e in child.events if isinstance(e, Noted)]


def test_grid_is_searched_and_the_best_becomes_a_model(
    words: Callable[..., list[str]],
    tmp_path: Path,
    small_backbone: None,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out, table_file = tmp_path / "search", tmp_path / "table.json"
    more = ("--sampler", "grid", "--json", str(table_file), "--no-pruning")
    assert main(["search", *words(GRID, 99, *more)]) == 0
    table = table_of(out)
    assert table.count("finished") == table.trials == len(table.rows) == 4
    tried = {(row.params["head_rate"], row.params["dropout"]) for row in table.rows}
    assert tried == {(r, d) for r in GRID["head_rate"] for d in GRID["dropout"]}
    values = [row.value for row in table.rows]
    assert values == sorted(values, reverse=True)
    result = table.rows[0].result
    assert result is not None
    assert set(result.labels) == {"covid", "normal", "pneumonia"}
    assert all(0 <= rates.sensitivity <= 1 for rates in result.labels.values())
    # The base stayed frozen, so its features were computed once for all.
    assert len(list((out / "features").glob("*/features.npz"))) == 1
    # The test films were opened for the best alone.
    assert table.chosen == table.rows[0].number
    card = read_bundle(out / "model").card
    assert card.metrics["test"]["n"] == 6
    assert card.training["config"]["head_rate"] == table.rows[0].params["head_rate"]
    assert "chosen from 4 finished trials" in card.training["notes"][0]
    assert json.loads(table_file.read_text("utf-8"))["chosen"] == table.chosen
    said = capsys.readouterr().out
    assert "covid sens/spec" in said
    assert "4 of 4 trials finished; the best is trial" in said
    # Each trial is a run like any other.
    run = read_search(out).trial(0)
    assert run.state() == INTERRUPTED
    assert run.can_resume() is False
    assert run.record.config.dropout in GRID["dropout"]


def test_figures_of_a_trial_are_those_of_the_same_training(
    words: Callable[..., list[str]], tmp_path: Path, small_backbone: None
) -> None:
    space = {"head_rate": [0.01], "epochs": [0, 1]}
    more = ("--sampler", "grid", "--no-model")
    assert main(["search", *words(space, 2, *more)]) == 0
    search = read_search(tmp_path / "search")
    for row in search.table().rows:
        job = search.trial(row.number).path / "job.json"
        out = tmp_path / f"model-{row.number}"
        manifest = search.films(32).path / "split.csv"
        train = ["train", "--data", manifest, "--config", job, "--out", out]
        assert main([*map(str, train)]) == 0
        history = read_bundle(out).card.training["history"]
        kept = [epoch for epoch in history if epoch["best"]][-1]
        assert row.result is not None
        assert row.result.loss == pytest.approx(kept["val_loss"], abs=1e-4)
        assert row.result.macro_f1 == pytest.approx(kept["val_macro_f1"], abs=1e-4)
    assert search.chosen_trial() is None
    assert not search.bundle_dir.exists()


def test_killed_search_goes_on_and_loses_no_trial(
    words: Callable[..., list[str]], tmp_path: Path, start: Callable[..., Child]
) -> None:
    out = tmp_path / "search"
    space = {"head_rate": {"low": 1e-4, "high": 1e-1, "log": True}}
    given = words(space, 3, "--no-model", "--no-pruning", "--events", epochs=2)
    child = start(*given, command="search")
    while not any(text.startswith("Trial 0") for text in noted(child)):
        child.until(Noted)
    child.until(StageStarted, stage="fine-tuning")
    child.process.send_signal(signal.SIGKILL)
    child.finish()
    before = table_of(out)
    assert before.count("finished") == 1
    done = {row.number: row for row in before.rows if row.state == "finished"}
    with (out / "journal.log").open("ab") as journal:
        journal.write(b'{"op_code": 6, "wor')  # what the kill cut off
    (out / "journal.log.lock").touch()
    child = start("--resume", "--out", out, "--no-model", "--events", command="search")
    status, errors = child.finish()
    assert status == 0, errors
    after = table_of(out)
    assert [row.state for row in after.rows] == ["finished"] * 3
    assert {row.number for row in after.rows} == set(range(3))
    for number, row in done.items():
        assert after.row(number) == row
    # None was drawn twice though the sampler began anew.
    assert len({row.params["head_rate"] for row in after.rows}) == 3


def test_stopped_search_is_resumed_with_more_trials(
    words: Callable[..., list[str]], tmp_path: Path, start: Callable[..., Child]
) -> None:
    out = tmp_path / "search"
    space = {"head_rate": {"low": 1e-4, "high": 1e-1, "log": True}}
    child = start(
        *words(space, 50, "--no-model", "--sampler", "random", "--events"),
        command="search",
    )
    child.until(Noted)
    child.say("stop")
    status, _ = child.finish()
    assert status == 3
    assert isinstance(child.events[-1], JobStopped)
    assert read_search(out).was_paused()
    count = len(table_of(out).rows)
    more = ("--trials", str(count + 1), "--events")
    child = start("--resume", "--out", out, *more, command="search")
    status, errors = child.finish()
    assert status == 0, errors
    table = table_of(out)
    assert table.trials == count + 1
    assert table.count("finished", "pruned") == count + 1
    assert (out / "model" / "model.xml").is_file()
    assert read_search(out).state() == FINISHED


def test_hopeless_trials_are_given_up(
    words: Callable[..., list[str]], tmp_path: Path, small_backbone: None
) -> None:
    space = {"head_rate": [0.03, 0.02, 0.01, 0.005, 0.015, 1e-7, 2e-7, 3e-7]}
    more = ("--sampler", "grid", "--measure", "loss", "--no-model")
    job = {"head_epochs": 12, "patience": 0}
    assert main(["search", *words(space, 8, *more, **job)]) == 0
    table = table_of(tmp_path / "search")
    assert table.count("pruned") >= 1
    assert table.count("finished", "pruned") == 8
    values = [row.value for row in table.rows if row.state == "finished"]
    assert values == sorted(values)


def test_trial_that_cannot_be_trained_fails_alone(
    words: Callable[..., list[str]],
    tmp_path: Path,
    small_backbone: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fit(features: Any, films: Any, config: Any, progress: Any) -> Any:
        if config.dropout == 0.5:
            raise TrainingError("The head phase diverged.", hint="Lower the rate.")
        return fit_head(features, films, config, progress)

    monkeypatch.setattr(train, "fit_head", fit)
    more = ("--sampler", "grid", "--no-model")
    assert main(["search", *words(GRID, 4, *more)]) == 0
    table = table_of(tmp_path / "search")
    assert [row.state for row in table.rows] == ["finished"] * 2 + ["failed"] * 2
    assert table.rows[-1].reason == "The head phase diverged. Lower the rate."


def test_trial_whose_settings_cannot_go_together_fails_alone(
    words: Callable[..., list[str]], tmp_path: Path, small_backbone: None
) -> None:
    space = {"epochs": [0, 1], "head_epochs": [0]}
    more = ("--sampler", "grid", "--no-model")
    job = {"epochs": 1, "head_epochs": 1}
    assert main(["search", *words(space, 2, *more, **job)]) == 0
    table = table_of(tmp_path / "search")
    assert [row.state for row in table.rows] == ["finished", "failed"]
    assert table.rows[-1].params == {"epochs": 0, "head_epochs": 0}
    assert "needs epochs in one of its phases" in table.rows[-1].reason


def test_members_share_a_database_and_its_trials_of_one_space(
    words: Callable[..., list[str]],
    tmp_path: Path,
    small_backbone: None,
    capsys: pytest.CaptureFixture[str],
) -> None:
    url = f"sqlite:///{tmp_path / 'team.db'}"
    more = ("--storage", url, "--sampler", "grid", "--name", "ours", "--no-model")
    first = words(GRID, 3, *more)
    assert main(["search", *first]) == 0
    second = [w if w != str(tmp_path / "search") else f"{w}-2" for w in first]
    second[second.index("--trials") + 1] = "4"
    assert main(["search", *second]) == 0
    table = table_of(tmp_path / "search-2")
    assert sorted(row.is_here for row in table.rows) == [False, False, False, True]
    assert all(row.state == "finished" for row in table.rows)
    # A trial that the death of another machine left behind is queued anew.
    with sqlite3.connect(tmp_path / "team.db") as db:
        db.execute("UPDATE trials SET state='RUNNING' WHERE number=0")
        db.execute("UPDATE trial_heartbeats SET heartbeat='2020-01-01 00:00:00'")
    resume = ["--resume", "--out", f"{tmp_path / 'search-2'}", "--no-model"]
    assert main(["search", *resume]) == 0
    table = table_of(tmp_path / "search-2")
    assert table.count("finished") == 4
    assert table.row(0) is None
    assert {(r.params["head_rate"], r.params["dropout"]) for r in table.rows} == {
        (r, d) for r in GRID["head_rate"] for d in GRID["dropout"]
    }
    given = words({"dropout": [0.0, 0.1]}, 6, *more)
    other = [w if w != str(tmp_path / "search") else f"{w}-3" for w in given]
    assert main(["search", *other]) == 2
    assert "of another search" in capsys.readouterr().err


def test_test_films_are_opened_for_one_trial_only(
    words: Callable[..., list[str]],
    tmp_path: Path,
    small_backbone: None,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "search"
    assert main(["search", *words(GRID, 2, "--no-model", "--sampler", "grid")]) == 0
    resume = ["search", "--resume", "--out", str(out)]
    worst = table_of(out).rows[-1].number
    assert main([*resume, "--trial", str(worst)]) == 0
    assert table_of(out).chosen == worst
    assert f"opened for trial {worst}." in capsys.readouterr().out
    assert main([*resume, "--trial", str(1 - worst)]) == 2
    assert f"opened for trial {worst}" in capsys.readouterr().err
    shutil.rmtree(out / "model")
    assert main([*resume, "--trial", str(1 - worst)]) == 2
    assert f"opened for trial {worst}" in capsys.readouterr().err
    assert main([*resume, "--trial", "7"]) == 2
    assert "Trial 7 has not finished" in capsys.readouterr().err
    assert main(resume) == 0  # it goes on with the one that was chosen
    assert (out / "model" / "model.xml").is_file()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ((), "needs to know what may vary"),
        (("--resume",), "told by its folder alone"),
        (("--resume", "--out", "nowhere"), "record of this search is missing"),
        (("--resume", "--out", "x", "--sampler", "tpe"), "Leave --sampler out"),
        (("--resume", "--out", "x", "--seed", "1"), "Leave --seed out"),
        (("--resume", "--out", "x", "--no-pruning"), "Leave --no-pruning out"),
    ],
)
def test_wrong_use_is_told(
    more: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["search", *more]) == 2
    assert said in capsys.readouterr().err


def test_unusable_database_is_told(
    words: Callable[..., list[str]],
    small_backbone: None,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for url in ("nonsense", "postgresql+nothing://host/x", "sqlite:////no/such/x.db"):
        assert main(["search", *words(GRID, 2, "--storage", url)]) == 2
        assert "cannot be opened" in capsys.readouterr().err


def test_what_cannot_be_is_told_before_anything_is_made(
    words: Callable[..., list[str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "table.json"
    table.write_text("[]", encoding="utf-8")
    for space, more, said in (
        ({"weights": ["none", "not-there.h5"]}, (), "no weights file"),
        (GRID, ("--json", str(table)), "exists already"),
    ):
        assert main(["search", *words(space, 2, *more)]) == 2
        assert said in capsys.readouterr().err
        assert not (tmp_path / "search").exists()


def test_search_without_a_place_is_among_those_of_the_user_and_keeps_its_trials_there(
    words: Callable[..., list[str]],
    tmp_path: Path,
    small_backbone: None,
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = words({"dropout": [0.0]}, 1, "--no-model")
    place = given.index("--out")
    del given[place : place + 2]
    assert main(["search", *given]) == 0
    (search,) = list_searches()
    assert search.path.parent == searches_dir()
    with (search.films(32).path / "split.csv").open(encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == 30
    other = ("--storage", f"sqlite:///{tmp_path / 'team.db'}", "--trials", "2")
    assert main(["search", "--resume", "--out", str(search.path), *other]) == 2
    assert "kept in its own folder" in capsys.readouterr().err
    assert not (tmp_path / "team.db").exists()
