"""Labels that a person corrected, as a data set."""

from __future__ import annotations

import csv
import os
import sys
from pathlib import Path

import pytest

from core.data.corrections import correct, has_changed, read_corrections, take_back
from core.data.dataset import COLUMNS, NOT_USABLE, index_dataset
from core.data.reading import read_samples
from core.errors import CoreError, DatasetError, OutputError
from core.jobs.lock import Lock
from core.paths import corrected_films, sample_films
from tests.scan_folder import write_films


@pytest.fixture
def films(tmp_path: Path) -> list[Path]:
    folder = write_films(tmp_path / "in", "a.png", "b, c.png")
    write_films(folder, "d.png", level=20)
    return sorted(folder.iterdir())


def test_what_is_collected_is_a_data_set_to_train_on(films: list[Path]) -> None:
    correct(films[:2], "covid")
    correct(films[2:], "normal")
    dataset = index_dataset(corrected_films())
    assert [(s.path, s.label) for s in dataset.samples] == [
        (films[0], "covid"),
        (films[1], "covid"),
        (films[2], "normal"),
    ]
    assert all(found is True for _, found in read_samples(dataset.samples, _is_read))


def _is_read(*_: object) -> bool:
    return True


def test_the_last_word_counts_and_can_be_taken_back(films: list[Path]) -> None:
    correct(films[:2], "covid")
    known = correct(films[1:2], "pneumonia")
    assert [each.label for each in known.values()] == ["covid", "pneumonia"]
    assert read_corrections() == known
    assert list(take_back(films[:1])) == films[1:2]
    assert take_back(films) == {}
    assert not corrected_films().exists()
    assert read_corrections() == {}


def test_films_that_cannot_be_used_are_left_out_and_counted(films: list[Path]) -> None:
    correct(films[:1], NOT_USABLE)
    with pytest.raises(DatasetError, match="Every film .* is labelled not usable"):
        index_dataset(corrected_films())
    correct(films[1:], "covid")
    dataset = index_dataset(corrected_films())
    assert dataset.labels == ("covid",)
    assert dataset.left_out == {"labelled not usable": 1}


def test_a_film_that_changed_since_is_told(films: list[Path]) -> None:
    known = correct(films, "covid")
    assert not any(map(has_changed, known.values()))
    films[0].write_bytes(films[2].read_bytes())
    films[1].unlink()
    assert [has_changed(known[film]) for film in films] == [True, True, False]
    samples = index_dataset(corrected_films()).samples
    (_, said), _ = read_samples(samples, _is_read)
    assert said == "The film has changed since the manifest was written."


def test_columns_that_were_added_by_hand_are_kept(films: list[Path]) -> None:
    correct(films[:1], "covid")
    with open(corrected_films(), encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    with open(corrected_films(), "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerow(row | {"patient": "P1"})
    assert [each.patient for each in correct(films, "normal").values()] == [
        "P1",
        "",
        "",
    ]


def test_a_list_that_was_damaged_by_hand_is_not_written_over(films: list[Path]) -> None:
    corrected_films().parent.mkdir(parents=True)
    corrected_films().write_text("no list\n")
    with pytest.raises(DatasetError, match="needs the columns file and label"):
        correct(films, "covid")
    assert corrected_films().read_text() == "no list\n"


def test_what_cannot_be_learned_from_is_refused_and_nothing_changed(
    films: list[Path], tmp_path: Path
) -> None:
    for wrong in (sample_films()[0], tmp_path / "gone.png", tmp_path):
        with pytest.raises(DatasetError) as refused:
            correct([films[0], wrong], "covid")
        assert refused.value.hint
    assert read_corrections() == {}


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="names are text there")
def test_a_name_that_is_no_text_is_refused(films: list[Path]) -> None:
    odd = Path(os.fsdecode(os.fsencode(films[0].parent) + b"/\xff.png"))
    odd.write_bytes(films[0].read_bytes())
    with pytest.raises(DatasetError, match="is no text"):
        correct([odd], "covid")


def test_two_programs_do_not_write_at_once(
    films: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.data.corrections._TIMEOUT_S", 0.01)
    correct(films[:1], "covid")
    other = Lock(corrected_films())
    assert other.take()
    with pytest.raises(OutputError, match="Another program"):
        correct(films[1:], "covid")
    other.release()
    assert len(correct(films[1:], "covid")) == 3


def test_a_list_that_cannot_be_written_stays_as_it_was(
    films: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = correct(films[:1], "covid")

    def no_room(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", no_room)
    with pytest.raises(CoreError, match="no space left"):
        correct(films[1:], "normal")
    assert corrected_films().read_text("utf-8").count("\n") == 2
    assert read_corrections() == before
