"""Figures for people: what the texts and the HTML page say."""

from __future__ import annotations

import base64
import dataclasses
import functools
import html.parser
import io
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from PIL import Image

from core.data.dataset import Sample
from core.errors import BundleError, OutputError
from core.evaluation.evaluate import Scores, evaluate, without_details
from core.files import write_json
from core.jobs.events import EpochEnded
from core.model.bundle import REPORT, Label, ModelBundle, ModelCard, write_bundle
from core.reports.html import write_report_html
from core.reports.model_card import card_text, write_card_html
from core.reports.report_json import (
    epochs,
    read_report_json,
    report_json,
)
from core.reports.sentences import cautions, lung_sentences, summary
from core.reports.tables import rate
from core.reports.text import evaluation_text
from core.runs.settings import SETTINGS
from tests.finished_run import FINDINGS
from tests.phantoms import write_phantom_set
from tests.tiny_bundle import LABELS, make_card

ROOT = Path(__file__).resolve().parents[3]
HOSTILE = "<script src='http://evil.example/x.js'>&\"</script>"


@functools.cache
def make_result(source: str = "Köln", truth: tuple[int, ...] = (0, 1, 2)) -> Any:
    """A long evaluation of thirty made-up films."""
    names = tuple(label.name for label in LABELS)
    rng = np.random.default_rng(1)
    labels = np.resize(truth, 30).astype(np.intp)
    logits = rng.normal(0, 1, (30, 3)) + 0.8 * np.eye(3)[labels]
    samples = tuple(
        Sample(f"{i}.png", Path(f"{i}.png"), names[label], source=source)
        for i, label in enumerate(labels)
    )
    scores = Scores(samples, names, labels, logits.astype(np.float32), {})
    return evaluate(scores, 1.3, details=True)


def shown(value: float) -> str:
    return f"{value:.3f}"


def figures(result: dict[str, Any]) -> set[str]:
    """Every figure that a report of `result` must hold."""
    values = [result["accuracy"], result["macro_f1"], result["ece"]]
    values += result["accuracy_ci"]
    for rates in result["per_class"].values():
        for name in ("precision", "recall", "specificity", "f1", "auc"):
            values += [rates[name], *rates[f"{name}_ci"]]
    for entry in result["within_source"]:
        values += [entry["auc"], *entry["auc_ci"]]
    return {shown(value) for value in values}


class Page(html.parser.HTMLParser):
    """What a browser would make of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in ("meta", "br", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.words += data


EPOCHS = tuple(
    EpochEnded(phase, epoch, 4, 1 / epoch, 1.1 / epoch, 0.5, 0.4, best=epoch < 4)
    for phase in ("head", "fine-tuning")
    for epoch in (1, 2, 3, 4)
)
TRAINING = {
    "command": "python -m core train --data films.csv",
    "config": {"epochs": 4, "accept_leaks": "", "labels": ["covid", "normal"]},
    "history": [msgspec.structs.asdict(epoch) for epoch in EPOCHS],
    "versions": {"hilum": "1.0", "keras": "3.15"},
}
DATA = {
    "films": {"train": {"all": 60, "covid, Köln": 20}, "test": {"all": 30}},
    "left_out": {"labelled other": 7},
    "unreadable": 2,
    "split_sha256": "cd" * 32,
}


def make_report(
    result: Any = None, card: ModelCard | None = None, **fields: Any
) -> dict[str, Any]:
    card = card or make_card()
    given = {"data": "films.csv", **fields}
    whole = msgspec.structs.replace(card, training=TRAINING, data=DATA)
    return report_json(
        result=result or make_result(),
        validation={},
        card=whole,
        sha256="ab" * 32,
        **given,
    )


def page_of(folder: Path, report: dict[str, Any]) -> Page:
    write_report_html(folder / "report.html", report)
    return Page((folder / "report.html").read_text("utf-8"))


def named(name: str) -> ModelCard:
    card = make_card()
    labels = (Label("covid", name), *card.labels[1:])
    return msgspec.structs.replace(card, name=name, labels=labels, limits=f"Of {name}.")


def test_text_holds_every_figure() -> None:
    result = make_result()
    assert len(result["within_source"]) == 3
    text = evaluation_text(result, make_card())
    missing = {figure for figure in figures(result) if figure not in text}
    assert not missing
    assert "Films: 30" in text
    for name in ("COVID-19", "Pneumonia", "Normal", "Köln"):
        assert name in text
    assert "COVID-19 against Pneumonia" in text


def test_text_holds_the_confusion_matrix_row_by_row() -> None:
    result = make_result()
    lines = evaluation_text(result, make_card()).splitlines()
    start = lines.index("Truth in rows, called in columns:") + 1
    assert lines[start].split() == list(make_card().names.values())
    rows = [line.split()[1:] for line in lines[start + 1 : start + 4]]
    assert rows == [[str(n) for n in row] for row in result["confusion_matrix"]]


def test_text_of_a_missing_label_shows_a_dash() -> None:
    text = evaluation_text(make_result(truth=(0, 2)), make_card())
    row = next(line for line in text.splitlines() if line.startswith("Pneumonia"))
    assert row.split()[1] == "0"
    assert "–" in row.split()


def test_text_without_sources_has_no_empty_tables() -> None:
    text = evaluation_text(make_result(source=""), make_card())
    assert "source" not in text


def test_card_text_says_what_the_model_is(tiny_bundle: ModelBundle) -> None:
    text = card_text(tiny_bundle)
    card = tiny_bundle.card
    for words in (
        card.name,
        tiny_bundle.sha256,
        "COVID-19, Pneumonia, Normal",
        "32 x 32",
        "Temperature: 1.000",
        card.intended_use,
        card.limits,
        "Made by: none: built by hand",
    ):
        assert words in text


def test_card_text_holds_the_figures_of_the_test_films(
    tiny_bundle: ModelBundle,
) -> None:
    card = msgspec.structs.replace(tiny_bundle.card, metrics={"test": make_result()})
    text = card_text(dataclasses.replace(tiny_bundle, card=card))
    assert evaluation_text(make_result(), card) in text


def test_card_text_says_where_each_threshold_comes_from(
    tiny_bundle: ModelBundle,
) -> None:
    text = card_text(tiny_bundle)
    (line,) = (
        line for line in text.splitlines() if "Pneumonia" in line and "0." in line
    )
    for words in ("50 %", "0.9", "0.8", "0.95"):
        assert words in line
    assert "validation" in text


def test_report_is_json_that_a_bundle_can_hold(
    tiny_bundle: ModelBundle, tmp_path: Path
) -> None:
    report = make_report(notes=["The batch was halved."])
    write_json(tmp_path / REPORT, report)
    files = {name: tiny_bundle.path / name for name in tiny_bundle.card.files}
    files[REPORT] = tmp_path / REPORT
    bundle = write_bundle(tmp_path / "m", tiny_bundle.card, files)
    assert read_report_json(bundle) == json.loads(json.dumps(report))
    assert epochs(report) == EPOCHS


def test_report_of_a_bundle_without_one_or_with_another_is_refused(
    tiny_bundle: ModelBundle, tmp_path: Path
) -> None:
    with pytest.raises(BundleError, match="before models came with a report"):
        read_report_json(tiny_bundle)
    files = {name: tiny_bundle.path / name for name in tiny_bundle.card.files}
    for text in ("[]", '{"format_version": 2}', '{"format_version": 1}', "{"):
        (tmp_path / REPORT).write_text(text)
        files[REPORT] = tmp_path / REPORT
        bundle = write_bundle(tmp_path / "m", tiny_bundle.card, files)
        with pytest.raises(BundleError, match="report of Tiny test model"):
            read_report_json(bundle)


def test_notes_of_the_record_and_of_the_caller_are_each_said_once() -> None:
    card = msgspec.structs.replace(make_card(), training={"notes": ["a", "b"]})
    given = {"result": make_result(), "validation": {}, "sha256": "x"}
    report = report_json(card=card, notes=["b", "c"], **given)
    assert report["notes"] == ["a", "b", "c"]


def test_epoch_with_fields_of_a_newer_program_is_read() -> None:
    report = make_report()
    report["history"][0]["temperature"] = 37
    assert epochs(report) == EPOCHS


def test_summary_says_what_it_is_worth_and_what_a_guess_would_be() -> None:
    result = make_result()
    first, *rest = summary(make_report(result))
    assert "Of 30 films" in first
    assert "Calling every film" in first
    assert "33 %" in first
    assert any("few films of COVID-19 (10)" in sentence for sentence in rest)


def test_summary_is_honest_about_sources() -> None:
    unknown = " ".join(summary(make_report(make_result(source=""))))
    assert "does not say where its films come from" in unknown
    within = " ".join(summary(make_report()))
    assert "Within one source" in within
    few = " ".join(summary(make_report(make_result(truth=(0,)))))
    assert "nothing here shows that it tells lungs apart" in few


def test_summary_says_no_better_than_guessing_of_what_is_not() -> None:
    for auc, said in ((0.65, "little better"), (0.4, "no better")):
        result = make_result()
        result["within_source"][0] |= {"auc": auc, "auc_ci": [auc, auc]}
        result["within_source"] = result["within_source"][:1]
        text = " ".join(summary(make_report(result)))
        assert f"That is {said} than guessing." in text


def test_labels_that_are_found_alike_are_all_named() -> None:
    result = make_result()
    for rates in result["per_class"].values():
        rates["recall"] = 0.8
    text = " ".join(summary(make_report(result)))
    assert "It finds 80 % of COVID-19, Pneumonia and Normal." in text


@pytest.mark.slow
def test_no_interval_is_claimed_where_resamples_cannot_tell(tmp_path: Path) -> None:
    one = {"accuracy": 1.0, "accuracy_ci": [1.0, 1.0]}
    assert rate(one, "accuracy") == "1.000"
    assert rate({**one, "accuracy_ci": [0.9, 1.0]}, "accuracy") == "1.000 (0.900–1.000)"
    assert rate({"accuracy": None, "accuracy_ci": None}, "accuracy") == "–"
    first, *_ = summary(make_report(make_result() | one))
    assert first.startswith("Of 30 films it called 100 % rightly. Calling")
    page = page_of(tmp_path, make_report(make_result() | one))
    assert "1.000" in page.words
    assert "(1.000 to 1.000)" not in page.words


def test_figures_of_few_films_are_not_relied_on_and_those_of_none_not_told() -> None:
    said = summary(make_report(make_result(truth=(0,))))
    assert any(s.endswith("and need more films to be judged.") for s in said)
    assert (
        "There is no film of Pneumonia and Normal: of these it shows nothing." in said
    )
    (few,) = [sentence for sentence in said if "few films" in sentence]
    assert "(0)" not in few


def test_no_loss_is_explained_where_there_is_none() -> None:
    part = {"accuracy": 0.8, "accuracy_ci": [0.7, 0.9]}
    lost = {"accuracy": 0.3, "accuracy_ci": [0.2, 0.4]}
    probe = {**part, "chance": 0.5, "inside": {}, "lungs": part, "frame": part}
    _, _, around, frame = lung_sentences({**probe, "all_but_lungs": lost}, {})
    assert "What it loses" in around
    assert frame.endswith("(95 % interval 70 % to 90 %). It loses nothing by that.")


def test_summary_says_what_was_found_instead_of_if() -> None:
    report = make_report(make_result(source=""))
    report["films"] = {**report["films"], "findings": FINDINGS}
    said = " ".join(summary(report))
    assert " If " not in said
    assert "told apart by the size and kind of the file alone" in said
    (first, *_) = cautions(report)
    assert "COVID-19 from Normal with an AUC of 1.00" in first
    harmless = {**FINDINGS, "shortcuts": {**FINDINGS["shortcuts"], "metadata": None}}
    report["films"]["findings"] = harmless
    said = " ".join(summary(report))
    assert " If " not in said
    assert "give their labels away" in said


@pytest.mark.slow
def test_page_and_card_hold_what_the_check_found(
    tiny_bundle: ModelBundle, tmp_path: Path
) -> None:
    report = make_report()
    report["films"] = {**report["films"], "findings": FINDINGS}
    card = msgspec.structs.replace(
        tiny_bundle.card, data={**tiny_bundle.card.data, "findings": FINDINGS}
    )
    texts = [
        page_of(tmp_path, report).words,
        card_text(dataclasses.replace(tiny_bundle, card=card)),
    ]
    for text in texts:
        assert "COVID-19 from Normal with an AUC of 1.00" in text
        assert "by patient where one is known (120 of 300 films) and likeness" in text


def test_summary_of_a_label_without_films_holds() -> None:
    assert summary(make_report(make_result(truth=(0, 2))))


def test_cautions_say_leaks_first_and_what_was_left_out() -> None:
    report = make_report(notes=["The batch was halved to 16."])
    report["config"] = {"accept_leaks": "They are <twins>."}
    said = cautions(report)
    assert "They are <twins>." in said[0]
    assert "may be too good" in said[0]
    assert said[1] == "The batch was halved to 16."
    assert "Left out of the job: 7 films, labelled other." in said
    assert "Left out of the job: 2 films that cannot be read." in said


@pytest.fixture(scope="module")
def whole_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a report that has everything."""
    path = tmp_path_factory.mktemp("page") / "report.html"
    write_report_html(path, make_report())
    return path


@pytest.mark.slow
def test_page_holds_every_figure(whole_page: Path) -> None:
    result, page = make_result(), Page(whole_page.read_text("utf-8"))
    wanted = figures(result)
    for curve in result["curves"].values():
        wanted |= {shown(value) for value in curve["average_precision_ci"]}
    wanted |= {shown(value) for value in result["ece_ci"]}
    missing = {figure for figure in wanted if figure not in page.words}
    assert not missing
    for words in (
        "Tiny test model",
        "30 films of films.csv",
        "Köln",
        "ab" * 32,
        "cd" * 32,
        "python -m core train",
        "3.15",
        "epochs",
    ):
        assert words in page.words
    assert "not a medical device" in page.words
    assert make_card().limits in page.words


@pytest.mark.slow
def test_page_begins_with_what_the_reader_must_know(tmp_path: Path) -> None:
    page = page_of(tmp_path, make_report(notes=["The batch was halved."]))
    places = [
        page.words.index(words)
        for words in ("Know before you read", "The batch was halved.", "In short")
    ]
    assert places == sorted(places)


@pytest.mark.slow
def test_page_is_well_formed_and_has_its_charts(whole_page: Path) -> None:
    page = Page(whole_page.read_text("utf-8"))
    assert page.open == []
    # Confusion, recall, three curves, reliability by source, three of learning.
    assert page.tags.count("svg") == 9


def test_page_of_an_evaluation_in_short_has_what_there_is(tmp_path: Path) -> None:
    report = make_report(without_details(make_result()))
    report["history"] = []
    page = page_of(tmp_path, report)
    assert page.open == []
    assert page.tags.count("svg") == 2


@pytest.mark.slow
def test_page_of_a_missing_label_shows_a_dash(tmp_path: Path) -> None:
    page = page_of(tmp_path, make_report(make_result(truth=(0, 2))))
    assert "–" in page.words


@pytest.mark.slow
def test_page_needs_nothing_from_elsewhere(whole_page: Path) -> None:
    text = whole_page.read_text("utf-8")
    page = Page(text)
    assert not re.search(r"https?:|//|url\((?!#)|@import", text.replace("</", "<"))
    assert not {"script", "link", "iframe", "img"} & set(page.tags)
    assert not {name for name, _ in page.attributes if name.startswith("on")}


@pytest.mark.slow
def test_page_shows_the_mistakes_as_pictures_where_the_films_are(
    tmp_path: Path, film: Path
) -> None:
    result = make_result()
    name = result["mistakes"][0]["file"]
    write_report_html(tmp_path / "r.html", make_report(result), {name: film})
    text = (tmp_path / "r.html").read_text("utf-8")
    (picture,) = re.findall(r"data:image/jpeg;base64,([^\"]+)", text)
    with Image.open(io.BytesIO(base64.b64decode(picture))) as small:
        assert max(small.size) == 176
    assert "mind to whom you give this file" in text
    assert f"{len(result['mistakes']) - 1} of the films could not be read" in text


@pytest.mark.slow
def test_page_without_the_films_says_so(tmp_path: Path, film: Path) -> None:
    result = make_result()
    gone = {each["file"]: film / "gone.png" for each in result["mistakes"]}
    write_report_html(tmp_path / "r.html", make_report(result), gone)
    text = (tmp_path / "r.html").read_text("utf-8")
    assert "not at hand" in text
    assert "<img" not in text


@pytest.mark.slow
def test_page_of_a_model_without_a_mistake_says_so(tmp_path: Path) -> None:
    result = {**make_result(), "mistakes": []}
    assert "It made none" in page_of(tmp_path, make_report(result)).words


@pytest.mark.slow
@pytest.mark.parametrize("place", ["data", "split"])
def test_page_takes_hostile_words_as_words(tmp_path: Path, place: str) -> None:
    page = page_of(tmp_path, make_report(**{place: HOSTILE}))
    assert "script" not in page.tags
    assert HOSTILE in page.words


@pytest.mark.slow
def test_page_takes_hostile_words_of_the_job_as_words(tmp_path: Path) -> None:
    report = make_report(notes=[HOSTILE])
    report["command"] = HOSTILE
    report["config"] = {HOSTILE: HOSTILE, "accept_leaks": HOSTILE}
    report["films"] = {"films": {HOSTILE: {HOSTILE: 1}}}
    page = page_of(tmp_path, report)
    assert "script" not in page.tags
    assert page.words.count(HOSTILE) >= 7


@pytest.mark.slow
def test_page_takes_hostile_names_of_sources_as_words(tmp_path: Path) -> None:
    page = page_of(tmp_path, make_report(make_result(source=HOSTILE)))
    assert "script" not in page.tags
    assert page.words.count(HOSTILE) >= 1 + 3  # by source, and within it


@pytest.mark.slow
def test_page_takes_hostile_names_of_models_and_labels_as_words(
    tmp_path: Path,
) -> None:
    page = page_of(tmp_path, make_report(card=named(HOSTILE)))
    assert "script" not in page.tags
    assert page.words.count(HOSTILE) >= 2 + 1 + 2 + 1


def test_templates_take_nothing_for_html() -> None:
    templates = {each.name for each in (ROOT / "resources/templates").iterdir()}
    assert templates == {
        "card.html",
        "experiment.html",
        "film.html",
        "model_card.html",
        "page.css",
        "page.html",
        "parts.html",
        "report.html",
        "scan.html",
    }
    for name in templates:
        text = (ROOT / "resources/templates" / name).read_text("utf-8")
        assert not re.search(r"\|\s*safe|autoescape|Markup", text), name


@pytest.mark.slow
def test_page_that_cannot_be_written_is_an_error_of_its_own(film: Path) -> None:
    with pytest.raises(OutputError):
        write_report_html(film / "report.html", make_report())


def core(*words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "core", *map(str, words)]
    return subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", cwd=ROOT
    )


@pytest.mark.slow
def test_command_writes_the_page_of_films_with_their_pictures(
    tiny_bundle: ModelBundle, tmp_path: Path
) -> None:
    films = write_phantom_set(tmp_path / "films", per_label=4, size=64)
    page, figures = tmp_path / "r.html", tmp_path / "r.json"
    words = ["evaluate", tiny_bundle.path, "--data", films, "--split", "all"]
    done = core(*words, "--report", page, "--json", figures)
    assert done.returncode == 0, done.stderr
    result = json.loads(figures.read_text("utf-8"))
    assert result["mistakes"]
    assert page.read_text("utf-8").count("<img") == len(result["mistakes"])


@pytest.mark.slow
def test_command_writes_the_page_that_a_bundle_holds(
    tiny_bundle: ModelBundle, tmp_path: Path
) -> None:
    page = tmp_path / "r.html"
    without = core("evaluate", tiny_bundle.path, "--report", page)
    assert without.returncode == 2
    assert "--data" in without.stderr
    write_json(tmp_path / REPORT, make_report())
    files = {name: tiny_bundle.path / name for name in tiny_bundle.card.files}
    files[REPORT] = tmp_path / REPORT
    bundle = write_bundle(tmp_path / "m", tiny_bundle.card, files)
    done = core("evaluate", bundle.path, "--report", page)
    assert done.returncode == 0, done.stderr
    assert "Films: 30" in done.stdout
    assert Page(page.read_text("utf-8")).tags.count("svg") == 9


def test_a_card_is_a_page_of_tables_and_charts(
    tiny_bundle: ModelBundle, tmp_path: Path
) -> None:
    result = make_result()
    training = {"config": {"head_rate": 0.001, "strange": {"a": [1, {"b": 2}]}}}
    card = msgspec.structs.replace(
        tiny_bundle.card, metrics={"test": result, "val": result}, training=training
    )
    write_card_html(tmp_path / "card.html", dataclasses.replace(tiny_bundle, card=card))
    page = (tmp_path / "card.html").read_text("utf-8")
    assert page.count("<svg") == 4  # matrix, recalls, ROC, reliability
    for said in (
        *("Operating points", "Stated from", "50 %", "Results on the validation films"),
        *(SETTINGS["head_rate"].title, "0.001", "a 1, b 2", card.limits),
    ):
        assert said in page
    assert "{" not in page.split("</style>")[1].split("<svg")[0]
