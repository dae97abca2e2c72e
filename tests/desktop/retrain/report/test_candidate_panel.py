from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from core.data.dataset import films_of_split
from core.evaluation.compare import compare
from core.evaluation.evaluate import score_films
from core.model import in_use as model_store
from core.model.bundle import ModelBundle, read_bundle
from core.model.classifier import Classifier
from core.runs.run import Run
from desktop.retrain.report import candidate_panel
from desktop.retrain.report.candidate_panel import CandidatePanel
from tests.finished_run import FINDINGS, make_finished_run, write_films
from tests.tiny_bundle import write_tiny_bundle


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    return write_films(tmp_path / "films")


@pytest.fixture
def run(tiny_bundle: ModelBundle, manifest: Path) -> Run:
    return make_finished_run(tiny_bundle, manifest)


@pytest.fixture
def in_use(tmp_path: Path) -> ModelBundle:
    """Calls every film COVID-19."""
    return write_tiny_bundle(tmp_path / "in use", name="Eager", shift=30.0)


@pytest.fixture
def panel(qtbot: QtBot) -> Iterator[CandidatePanel]:
    panel = CandidatePanel()
    qtbot.addWidget(panel)
    panel.resize(900, 500)
    panel.show()
    yield panel
    panel.shut_down()
    panel.close()


def keep_comparison(run: Run, one: ModelBundle, other: ModelBundle) -> None:
    """Compare two models as the child would, and keep the result in the run."""
    samples, _ = films_of_split(run.split, one.card.label_names, "test")
    scores = [score_films(Classifier(each), samples) for each in (one, other)]
    result = compare(one, other, (scores[0], scores[1]), count=50)
    text = json.dumps({**result, "data": "split.csv", "split": "test", "left_out": {}})
    run.comparison(one, other).write_text(text, encoding="utf-8")


def shown(
    panel: CandidatePanel, qtbot: QtBot, run: Run, candidate: ModelBundle
) -> None:
    panel.set_run(run, candidate)
    qtbot.waitUntil(lambda: panel.result is not None, timeout=10000)


@pytest.mark.slow
def test_the_comparison_starts_by_itself_and_is_kept(
    panel: CandidatePanel, qtbot: QtBot, run: Run, in_use: ModelBundle
) -> None:
    panel.set_model_in_use(in_use)
    panel.set_run(run, read_bundle(run.bundle_dir))
    qtbot.waitUntil(lambda: panel.result is not None, timeout=90000)
    file = run.comparison(read_bundle(run.bundle_dir), in_use)
    kept = json.loads(file.read_text("utf-8"))
    assert kept["in_use"]["sha256"] == in_use.sha256
    assert panel.result is not None
    assert panel.result["verdict"] == kept["verdict"] == "better"
    assert panel.view.isVisible()
    assert panel.view.card.word == "Better"
    assert panel.view.table.cells.rows
    assert panel.choice.use_button.text() == "&Use this model"


def test_a_kept_comparison_is_shown_at_once(
    panel: CandidatePanel,
    qtbot: QtBot,
    run: Run,
    tiny_bundle: ModelBundle,
    in_use: ModelBundle,
) -> None:
    keep_comparison(run, tiny_bundle, in_use)
    file = run.comparison(tiny_bundle, in_use)
    written = file.stat().st_mtime_ns
    panel.set_model_in_use(in_use)
    shown(panel, qtbot, run, tiny_bundle)
    assert file.stat().st_mtime_ns == written
    assert not panel._jobs.is_running
    assert panel.view.card.text.count("McNemar") == 1
    assert "McNemar" not in panel.view.foot.text()


def test_a_comparison_with_another_model_is_not_shown(
    panel: CandidatePanel,
    qtbot: QtBot,
    run: Run,
    tiny_bundle: ModelBundle,
    in_use: ModelBundle,
    tmp_path: Path,
) -> None:
    keep_comparison(run, tiny_bundle, in_use)
    newer = write_tiny_bundle(tmp_path / "newer", name="Newer", shift=1.0)
    panel.set_model_in_use(newer)
    panel.set_run(run, tiny_bundle)
    qtbot.waitUntil(panel._dwell.isActive)
    assert not panel.view.isVisible()
    assert panel.result is None


def test_a_worse_candidate_can_be_used_but_the_button_says_so(
    panel: CandidatePanel,
    qtbot: QtBot,
    run: Run,
    tiny_bundle: ModelBundle,
    in_use: ModelBundle,
) -> None:
    keep_comparison(run, in_use, tiny_bundle)
    panel.set_model_in_use(tiny_bundle)
    shown(panel, qtbot, run, in_use)
    assert panel.result is not None
    assert panel.result["dropped"] == ["normal"]
    assert panel.choice.use_button.text() == "&Use it anyway"
    assert panel.view.card.severity in ("stop", "warn")
    with qtbot.waitSignal(panel.use_asked) as caught:
        panel.choice.use_button.click()
    assert caught.args == [in_use.path]


def test_the_model_in_use_is_said_to_be_so_and_offers_the_way_back(
    panel: CandidatePanel,
    qtbot: QtBot,
    run: Run,
    tiny_bundle: ModelBundle,
    in_use: ModelBundle,
) -> None:
    model_store.use(in_use.path)
    panel.set_model_in_use(model_store.use(run.bundle_dir))
    panel.set_run(run, read_bundle(run.bundle_dir))
    assert panel.is_in_use
    assert panel.choice.state.text == "This is the model in use"
    assert not panel.choice.use_button.isVisible()
    assert not panel.compare_button.isVisible()
    assert panel.choice.back_button.text() == "Go &back to Eager"
    with qtbot.waitSignal(panel.choice.back_button.clicked):
        panel.choice.back_button.click()


@pytest.mark.slow
def test_a_comparison_can_be_stopped(
    panel: CandidatePanel, qtbot: QtBot, run: Run, in_use: ModelBundle
) -> None:
    panel.set_model_in_use(in_use)
    panel.set_run(run, read_bundle(run.bundle_dir))
    qtbot.waitUntil(lambda: panel._jobs.is_running, timeout=10000)
    panel.progress.stop_button.click()
    qtbot.waitUntil(lambda: not panel._jobs.is_running, timeout=20000)
    assert panel.result is None
    assert panel.compare_button.isVisible()


@pytest.mark.slow
def test_the_end_of_a_comparison_is_nothing_to_the_run_chosen_meanwhile(
    panel: CandidatePanel,
    qtbot: QtBot,
    run: Run,
    in_use: ModelBundle,
    tiny_bundle: ModelBundle,
    manifest: Path,
) -> None:
    second = make_finished_run(tiny_bundle, manifest, name="Second")
    panel.set_model_in_use(in_use)
    comparing(panel, qtbot, run)
    panel._dwell.setInterval(60_000)
    panel.set_run(second, read_bundle(second.bundle_dir))
    qtbot.waitUntil(lambda: not panel._jobs.is_running, timeout=20000)
    assert panel.progress.isVisible()
    assert panel.choice.use_button.text() == "&Use this model…"
    panel.progress.stop_button.click()
    assert panel.compare_button.isVisible()


def answering(
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
    meanwhile: Callable[[], None] = lambda: None,
) -> list[str]:
    """Have the user answer; the questions that were asked."""
    asked: list[str] = []

    def choose(
        parent: QWidget, question: str, advice: str, answers: Sequence[str]
    ) -> int:
        asked.append(question)
        meanwhile()
        return next(i for i, words in enumerate(answers) if answer in words)

    monkeypatch.setattr(candidate_panel, "choose", choose)
    return asked


def comparing(panel: CandidatePanel, qtbot: QtBot, run: Run) -> None:
    """Wait until a comparison has begun."""
    panel.set_run(run, read_bundle(run.bundle_dir))
    qtbot.waitUntil(lambda: panel._jobs.is_running, timeout=10000)


@pytest.fixture
def worse_run(tmp_path: Path, manifest: Path, in_use: ModelBundle) -> Run:
    """A run whose model calls every film COVID-19."""
    return make_finished_run(in_use, manifest, name="Worse")


@pytest.mark.slow
def test_a_model_that_is_wanted_before_it_is_compared_waits_and_is_then_used(
    panel: CandidatePanel,
    qtbot: QtBot,
    run: Run,
    in_use: ModelBundle,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = answering(monkeypatch, "Wait")
    used = qtbot.waitSignal(panel.use_asked, timeout=90000)
    panel.set_model_in_use(in_use)
    comparing(panel, qtbot, run)
    assert panel.choice.use_button.text().endswith("…")
    panel.choice.use_button.setFocus()
    qtbot.keyClick(panel.choice.use_button, Qt.Key.Key_Space)
    assert len(asked) == 1
    assert panel._jobs.is_running
    assert "once the comparison has ended" in panel.choice.about.text()
    assert panel.choice.use_button.accessibleDescription() in panel.choice.about.text()
    used.wait()
    assert used.args == [run.bundle_dir]
    assert panel.result is not None
    assert panel.result["verdict"] == "better"


@pytest.mark.slow
def test_a_model_that_waits_is_not_used_against_the_advice(
    panel: CandidatePanel,
    qtbot: QtBot,
    worse_run: Run,
    tiny_bundle: ModelBundle,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answering(monkeypatch, "Wait")
    panel.set_model_in_use(tiny_bundle)
    comparing(panel, qtbot, worse_run)
    with (
        qtbot.assertNotEmitted(panel.use_asked),
        qtbot.waitSignal(panel.held_back, timeout=90000),
    ):
        panel.choice.use_button.click()
    assert panel.view.isVisible()
    assert panel.choice.use_button.text() == "&Use it anyway"
    assert panel.choice.use_button.hasFocus() or not panel.isActiveWindow()


def test_a_model_can_be_used_without_comparing_or_not_at_all(
    panel: CandidatePanel,
    qtbot: QtBot,
    run: Run,
    in_use: ModelBundle,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    panel.set_model_in_use(in_use)
    comparing(panel, qtbot, run)
    answering(monkeypatch, "Cancel")
    with qtbot.assertNotEmitted(panel.use_asked):
        panel.choice.use_button.click()
    assert panel._jobs.is_running
    answering(monkeypatch, "without")
    with qtbot.waitSignal(panel.use_asked) as caught:
        panel.choice.use_button.click()
    assert caught.args == [run.bundle_dir]


@pytest.mark.slow
def test_a_comparison_that_ends_behind_the_question_is_heeded(
    panel: CandidatePanel,
    qtbot: QtBot,
    worse_run: Run,
    tiny_bundle: ModelBundle,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def end() -> None:
        qtbot.waitUntil(lambda: panel.result is not None, timeout=90000)

    answering(monkeypatch, "without", end)
    panel.set_model_in_use(tiny_bundle)
    comparing(panel, qtbot, worse_run)
    with qtbot.assertNotEmitted(panel.use_asked):
        panel.choice.use_button.click()
    assert panel.choice.use_button.text() == "&Use it anyway"


@pytest.mark.slow
def test_waiting_can_be_called_off_and_ends_with_the_comparison(
    panel: CandidatePanel,
    qtbot: QtBot,
    run: Run,
    in_use: ModelBundle,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answering(monkeypatch, "Wait")
    panel.set_model_in_use(in_use)
    comparing(panel, qtbot, run)
    panel.choice.use_button.click()
    assert panel.choice.use_button.text() == "Do not &use it yet"
    panel.choice.use_button.click()
    assert panel.choice.use_button.text() == "&Use this model…"
    panel.choice.use_button.click()
    with qtbot.assertNotEmitted(panel.use_asked):
        panel.progress.stop_button.click()
        qtbot.waitUntil(lambda: not panel._jobs.is_running, timeout=20000)
    assert panel.choice.use_button.text() == "&Use without comparing"


def test_a_model_whose_labels_need_no_lungs_is_compared_with_a_warning(
    panel: CandidatePanel,
    qtbot: QtBot,
    tiny_bundle: ModelBundle,
    manifest: Path,
    in_use: ModelBundle,
) -> None:
    run = make_finished_run(tiny_bundle, manifest, findings=FINDINGS)
    candidate = read_bundle(run.bundle_dir)
    keep_comparison(run, candidate, in_use)
    panel.set_model_in_use(in_use)
    shown(panel, qtbot, run, candidate)
    assert "COVID-19 from Normal" in panel.view.warning.text
    assert panel.view.warning.isVisible()


@pytest.mark.slow
def test_a_comparison_without_its_films_says_why(
    panel: CandidatePanel, qtbot: QtBot, run: Run, in_use: ModelBundle, manifest: Path
) -> None:
    for film in manifest.parent.glob("*.png"):
        film.unlink()
    panel.set_model_in_use(in_use)
    panel.set_run(run, read_bundle(run.bundle_dir))
    qtbot.waitUntil(panel.failure.isVisible, timeout=60000)
    assert "films" in panel.failure.cause.text
    assert panel.choice.use_button.isVisible()


def test_nothing_is_compared_while_the_report_is_out_of_sight(
    panel: CandidatePanel,
    qtbot: QtBot,
    run: Run,
    tiny_bundle: ModelBundle,
    in_use: ModelBundle,
) -> None:
    panel.set_model_in_use(in_use)
    panel.set_run(run, tiny_bundle)
    qtbot.waitUntil(panel._dwell.isActive)
    panel.hide()
    qtbot.waitUntil(lambda: not panel._dwell.isActive())
    assert not panel._jobs.is_running
    panel.show()
    assert panel._dwell.isActive()


def test_each_pair_of_models_keeps_its_comparison(
    panel: CandidatePanel,
    qtbot: QtBot,
    run: Run,
    tiny_bundle: ModelBundle,
    in_use: ModelBundle,
    tmp_path: Path,
) -> None:
    newer = write_tiny_bundle(tmp_path / "newer", name="Newer", shift=1.0)
    keep_comparison(run, tiny_bundle, in_use)
    keep_comparison(run, tiny_bundle, newer)
    for other in (in_use, newer, in_use):  # and back again
        panel.set_model_in_use(other)
        shown(panel, qtbot, run, tiny_bundle)
        assert panel.result is not None
        assert panel.result["in_use"]["sha256"] == other.sha256
    assert not panel._jobs.is_running


@pytest.mark.slow
def test_a_comparison_goes_on_while_another_run_is_looked_at(
    panel: CandidatePanel,
    qtbot: QtBot,
    run: Run,
    in_use: ModelBundle,
    tiny_bundle: ModelBundle,
    manifest: Path,
) -> None:
    second = make_finished_run(tiny_bundle, manifest, name="Second")
    other, first = read_bundle(second.bundle_dir), read_bundle(run.bundle_dir)
    keep_comparison(second, other, in_use)
    panel.set_model_in_use(in_use)
    comparing(panel, qtbot, run)
    panel.set_run(second, other)
    assert panel.result is not None
    assert panel._jobs.is_running
    panel.set_run(run, first)
    assert panel.progress.isVisible()
    assert not panel._dwell.isActive()
    qtbot.waitUntil(lambda: panel.result is not None, timeout=90000)
    assert panel.result["candidate"]["sha256"] == first.sha256


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"candidate": 3}'])
def test_a_damaged_comparison_is_made_anew(
    panel: CandidatePanel,
    qtbot: QtBot,
    run: Run,
    tiny_bundle: ModelBundle,
    in_use: ModelBundle,
    text: str,
) -> None:
    run.comparison(tiny_bundle, in_use).write_text(text)
    panel.set_model_in_use(in_use)
    panel.set_run(run, tiny_bundle)
    qtbot.waitUntil(panel._dwell.isActive)
