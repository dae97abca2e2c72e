"""Figures for people: what the texts and the HTML page say."""

from __future__ import annotations

import dataclasses
import functools
import html.parser
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.bundle import Label, ModelBundle, ModelCard
from core.dataset import Sample
from core.errors import OutputError
from core.evaluate import Scores, evaluate
from core.report import card_text, evaluation_text, write_evaluation_html
from tests.tiny_bundle import LABELS, make_card

HOSTILE = "<script src='http://evil.example/x.js'>&\"</script>"


@functools.cache
def make_result(source: str = "Köln", truth: tuple[int, ...] = (0, 1, 2)) -> Any:
    """An evaluation of thirty made-up films, as the command writes it."""
    names = tuple(label.name for label in LABELS)
    rng = np.random.default_rng(1)
    labels = np.resize(truth, 30).astype(np.intp)
    logits = rng.normal(0, 1, (30, 3)) + 0.8 * np.eye(3)[labels]
    samples = tuple(
        Sample(f"{i}.png", Path(f"{i}.png"), names[label], source=source)
        for i, label in enumerate(labels)
    )
    scores = Scores(samples, names, labels, logits.astype(np.float32), {})
    result = evaluate(scores, 1.3)
    about = {"data": "films.csv", "split": "test", "model_sha256": "ab" * 32}
    return {**about, **result}


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
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data


def page_of(folder: Path, result: dict[str, Any], card: ModelCard) -> Page:
    write_evaluation_html(folder / "report.html", result, card)
    return Page((folder / "report.html").read_text("utf-8"))


def named(name: str) -> ModelCard:
    card = make_card()
    labels = (Label("covid", name), *card.labels[1:])
    return dataclasses.replace(card, name=name, labels=labels, limits=f"Of {name}.")


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
    rows = [line.split()[1:] for line in lines[start : start + 3]]
    assert rows == [[str(n) for n in row] for row in result["confusion_matrix"]]


def test_text_and_page_of_a_missing_label_show_a_dash(tmp_path: Path) -> None:
    result = make_result(truth=(0, 2))
    text = evaluation_text(result, make_card())
    row = next(line for line in text.splitlines() if line.startswith("Pneumonia"))
    assert row.split()[1] == "0"
    assert "-" in row.split()
    assert "–" in page_of(tmp_path, result, make_card()).words


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
    card = dataclasses.replace(tiny_bundle.card, metrics={"test": make_result()})
    text = card_text(dataclasses.replace(tiny_bundle, card=card))
    assert evaluation_text(make_result(), card) in text


def test_card_text_says_where_each_threshold_comes_from(
    tiny_bundle: ModelBundle,
) -> None:
    text = card_text(tiny_bundle)
    (line,) = (
        line for line in text.splitlines() if "Pneumonia" in line and "0." in line
    )
    for words in ("0.5", "0.9", "0.8", "0.95"):
        assert words in line
    assert "validation" in text


def test_page_holds_every_figure(tmp_path: Path) -> None:
    result = make_result()
    page = page_of(tmp_path, result, make_card())
    missing = {figure for figure in figures(result) if figure not in page.words}
    assert not missing
    for words in ("Tiny test model", "30 films", "films.csv", "Köln", "ab" * 32):
        assert words in page.words
    assert "not a medical device" in page.words
    assert make_card().limits in page.words


def test_page_is_well_formed(tmp_path: Path) -> None:
    page = page_of(tmp_path, make_result(), make_card())
    assert page.open == []
    assert page.tags.count("table") == 4


def test_page_needs_nothing_from_elsewhere(tmp_path: Path) -> None:
    page = page_of(tmp_path, make_result(), make_card())
    text = (tmp_path / "report.html").read_text("utf-8")
    assert not re.search(r"https?:|//|url\(|@import", text.replace("</", "<"))
    assert {name for name, _ in page.attributes} <= {"lang", "charset", "class"}
    assert not {"script", "link", "img", "iframe"} & set(page.tags)


@pytest.mark.parametrize("place", ["data", "split", "model_sha256"])
def test_page_takes_hostile_words_of_a_result_as_words(
    tmp_path: Path, place: str
) -> None:
    page = page_of(tmp_path, {**make_result(), place: HOSTILE}, make_card())
    assert "script" not in page.tags
    assert HOSTILE in page.words


def test_page_takes_hostile_names_of_sources_as_words(tmp_path: Path) -> None:
    page = page_of(tmp_path, make_result(source=HOSTILE), make_card())
    assert "script" not in page.tags
    assert page.words.count(HOSTILE) == 1 + 3  # by source, and within it


def test_page_takes_hostile_names_of_models_and_labels_as_words(
    tmp_path: Path,
) -> None:
    page = page_of(tmp_path, make_result(), named(HOSTILE))
    assert "script" not in page.tags
    # Title twice, a row of rates, row and column of counts, two pairs, limits.
    assert page.words.count(HOSTILE) == 2 + 1 + 2 + 2 + 1


def test_page_that_cannot_be_written_is_an_error_of_its_own(film: Path) -> None:
    with pytest.raises(OutputError):
        write_evaluation_html(film / "report.html", make_result(), make_card())
