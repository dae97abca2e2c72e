"""Finding labelled films in folders and manifests."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from core.data.dataset import (
    Dataset,
    Sample,
    films_of_split,
    index_dataset,
    labels_as_text,
    parse_labels,
)
from core.data.split import Split, given_split, summarise, write_manifest
from core.errors import DatasetError, OutputError

LABELS = ("covid", "normal")


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def write_list(folder: Path, *lines: str, encoding: str = "utf-8") -> Path:
    """A manifest, and an empty file for each film it lists."""
    manifest = folder / "films.csv"
    manifest.write_text("\n".join(lines) + "\n", encoding=encoding)
    touch(folder, *(line.split(",")[0] for line in lines[1:]))
    return manifest


def sample(file: str, label: str = "covid", **fields: str) -> Sample:
    return Sample(file, Path(file), label, **fields)


def test_folder_names_its_labels_by_its_subfolders(tmp_path: Path) -> None:
    touch(tmp_path, "normal/b.png", "normal/deep/c.dcm", "covid/a.png", "readme.txt")
    dataset = index_dataset(tmp_path)
    assert dataset.labels == ("covid", "normal")
    assert [(s.file, s.label) for s in dataset.samples] == [
        ("covid/a.png", "covid"),
        ("normal/b.png", "normal"),
        ("normal/deep/c.dcm", "normal"),
    ]
    assert all(s.path == tmp_path / s.file for s in dataset.samples)
    assert dataset.left_out == {"files that are no films": 1}, "the readme"


def test_hidden_files_and_folders_are_no_films(tmp_path: Path) -> None:
    hidden = [".git/x", "covid/.DS_Store", "covid/.cache/a.png", "covid/Thumbs.db"]
    touch(tmp_path, "covid/a.png", *hidden)
    dataset = index_dataset(tmp_path)
    assert [s.file for s in dataset.samples] == ["covid/a.png"]
    assert dataset.left_out == {
        "hidden files": 1,
        "hidden folders with all in them": 2,
        "files that are no films": 1,
    }


def test_films_outside_the_labels_folders_are_counted(tmp_path: Path) -> None:
    touch(tmp_path, "covid/a.png", "normal/b.png", "c.png", "d.png")
    assert index_dataset(tmp_path).left_out == {"in no label's folder": 2}


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("covid, normal", ("covid", "normal")),
        ('"covid, mild", normal', ("covid, mild", "normal")),
        ("covid", ("covid",)),
        ("", ()),
    ],
)
def test_labels_are_read_from_a_list_with_commas(
    text: str, labels: tuple[str, ...]
) -> None:
    assert parse_labels(text) == labels


def test_labels_with_commas_and_quotes_come_back_from_text() -> None:
    labels = ("covid, mild", 'so called "normal"', "-")
    assert parse_labels(labels_as_text(labels)) == labels


@pytest.mark.parametrize("text", ["a,,b", "a,a", " , ", '"a', '"a"b,c', "a\nb,c"])
def test_labels_that_cannot_be_read_are_refused(text: str) -> None:
    with pytest.raises(DatasetError) as caught:
        parse_labels(text)
    assert "with commas" in caught.value.hint


def test_folder_without_films_is_refused(tmp_path: Path) -> None:
    touch(tmp_path, "film.png")
    (tmp_path / "covid").mkdir()
    with pytest.raises(DatasetError, match="no subfolders with films") as caught:
        index_dataset(tmp_path)
    assert "one subfolder per label" in caught.value.hint


def test_data_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no folder or manifest called"):
        index_dataset(tmp_path / "nowhere")


def test_manifest_gives_every_column(tmp_path: Path) -> None:
    manifest = write_list(
        tmp_path,
        "file,split,source,patient,group,label,remark",
        "deep/a.png, train ,ward 3,P1,G1,covid,blurred",
    )
    assert index_dataset(manifest).samples == (
        Sample(
            file="deep/a.png",
            path=tmp_path / "deep" / "a.png",
            label="covid",
            patient="P1",
            group="G1",
            source="ward 3",
            split="train",
        ),
    )


def test_columns_that_are_not_there_are_empty(tmp_path: Path) -> None:
    (found,) = index_dataset(write_list(tmp_path, "file,label", "a.png,x")).samples
    assert (found.patient, found.group, found.source, found.split) == ("",) * 4


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_names_and_labels_may_be_in_any_script(tmp_path: Path, encoding: str) -> None:
    lines = ["file,label", "胸/röntgen.png,Lungenentzündung"]
    manifest = write_list(tmp_path, *lines, encoding=encoding)
    dataset = index_dataset(manifest)
    assert dataset.labels == ("Lungenentzündung",)
    assert dataset.samples[0].file == "胸/röntgen.png"


def test_quoted_fields_may_hold_commas(tmp_path: Path) -> None:
    touch(tmp_path, "a,b.png")
    (tmp_path / "films.csv").write_text('file,label\r\n"a,b.png",covid\r\n')
    assert index_dataset(tmp_path / "films.csv").samples[0].file == "a,b.png"


def test_order_is_that_of_the_file_names(tmp_path: Path) -> None:
    lines = ["file,label", "c.png,x", "a.png,y", "b.png,x"]
    found = index_dataset(write_list(tmp_path, *lines)).samples
    assert [s.file for s in found] == ["a.png", "b.png", "c.png"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "file,label\n",
        "file\na.png\n",
        "label\ncovid\n",
        "path,label\na.png,covid\n",
        "file;label\na.png;covid\n",
    ],
)
def test_manifest_without_the_two_columns_or_films_is_refused(
    tmp_path: Path, text: str
) -> None:
    (tmp_path / "films.csv").write_text(text)
    with pytest.raises(DatasetError, match="needs the columns file and label"):
        index_dataset(tmp_path / "films.csv")


def test_first_line_of_a_list_that_lacks_columns_is_shown(tmp_path: Path) -> None:
    (tmp_path / "films.csv").write_text("file;label\na.png;covid\n")
    with pytest.raises(DatasetError) as caught:
        index_dataset(tmp_path / "films.csv")
    assert "'file;label'" in caught.value.hint
    assert "save it with commas" in caught.value.hint


def test_label_with_a_comma_out_of_quotes_is_not_cut_short(tmp_path: Path) -> None:
    lines = ["file,label", "b.png,covid,", "", "a.png,viral, pneumonia"]
    with pytest.raises(DatasetError, match="Line 4 of films.csv has more") as caught:
        index_dataset(write_list(tmp_path, *lines))
    assert "double quotes" in caught.value.hint


def test_splits_may_be_written_in_capitals(tmp_path: Path) -> None:
    lines = ["file,label,split", "a.png,x,Train", "b.png,y,TEST", "c.png,y,Extern"]
    dataset = index_dataset(write_list(tmp_path, *lines))
    assert [s.split for s in dataset.samples] == ["train", "test", "Extern"]


@pytest.mark.parametrize("line", ["a.png", "a.png,", ",covid", " ,covid"])
def test_line_that_lacks_a_file_or_label_is_named(tmp_path: Path, line: str) -> None:
    manifest = tmp_path / "films.csv"
    manifest.write_text(f"file,label\nb.png,covid\n{line}\n")
    with pytest.raises(DatasetError, match=r"Line 3 of films\.csv"):
        index_dataset(manifest)


def test_manifest_in_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "films.csv").write_text("file,label\nü.png,x\n", encoding="utf-16")
    with pytest.raises(DatasetError, match="cannot be read") as caught:
        index_dataset(tmp_path / "films.csv")
    assert "UTF-8" in caught.value.hint
    assert "codec" not in str(caught.value)


@pytest.mark.parametrize("again", ["a.png", "./a.png", "x/../a.png"])
def test_film_that_is_listed_twice_is_refused(tmp_path: Path, again: str) -> None:
    (tmp_path / "x").mkdir()
    lines = ["file,label,split", "a.png,covid,train", f"{again},covid,test"]
    manifest = write_list(tmp_path, *lines)
    with pytest.raises(DatasetError, match=r"a\.png more than once"):
        index_dataset(manifest)


def test_films_that_are_missing_are_counted(tmp_path: Path) -> None:
    lines = ["file,label", "a.png,x", "b.png,y", "c.png,x"]
    manifest = write_list(tmp_path, *lines)
    (tmp_path / "a.png").unlink()
    dataset = index_dataset(manifest)
    assert [s.file for s in dataset.samples] == ["b.png", "c.png"]
    assert dataset.left_out == {"listed, but the file is missing": 1}


def test_manifest_all_of_whose_films_are_missing_is_refused(tmp_path: Path) -> None:
    manifest = write_list(tmp_path, "file,label", "a.png,x", "b.png,y")
    manifest = manifest.rename(tmp_path.parent / f"{tmp_path.name}.csv")
    with pytest.raises(DatasetError, match="None of the films") as caught:
        index_dataset(manifest)
    assert "put the films back" in caught.value.hint


def test_films_of_other_labels_are_left_out_and_counted(tmp_path: Path) -> None:
    touch(tmp_path, "covid/a", "flu/b", "flu/c", "normal/d", "tb/e")
    dataset = index_dataset(tmp_path, ("normal", "covid"))
    assert dataset.labels == ("normal", "covid")
    assert [s.label for s in dataset.samples] == ["covid", "normal"]
    assert dataset.left_out == {"labelled flu": 2, "labelled tb": 1}


def test_label_asked_for_without_a_film_is_refused_unless_allowed(
    tmp_path: Path,
) -> None:
    touch(tmp_path, "covid/a")
    with pytest.raises(DatasetError, match="no film labelled normal") as caught:
        index_dataset(tmp_path, LABELS)
    assert "Its labels are: covid" in caught.value.hint
    assert len(index_dataset(tmp_path, LABELS, require_all=False).samples) == 1


def test_data_with_none_of_the_labels_is_always_refused(tmp_path: Path) -> None:
    touch(tmp_path, "flu/a")
    with pytest.raises(DatasetError, match="no film labelled covid, normal"):
        index_dataset(tmp_path, LABELS, require_all=False)


def named_splits(folder: Path) -> Path:
    return write_list(
        folder,
        "file,label,split",
        "a,covid,train",
        "b,covid,test",
        "c,normal,test",
        "d,normal,",
        "e,flu,test",
    )


def test_films_of_a_split_are_those_of_the_model_s_labels(tmp_path: Path) -> None:
    films, left_out = films_of_split(named_splits(tmp_path), LABELS, "test")
    assert [film.file for film in films] == ["b", "c"]
    assert left_out == {"labelled flu": 1, "split train": 1, "split not stated": 1}


def test_films_of_all_splits_are_every_one(tmp_path: Path) -> None:
    films, left_out = films_of_split(named_splits(tmp_path), LABELS, "all")
    assert [film.file for film in films] == ["a", "b", "c", "d"]
    assert left_out == {"labelled flu": 1}


def test_where_no_split_is_named_every_film_is_taken(tmp_path: Path) -> None:
    touch(tmp_path, "covid/a", "covid/b")
    films, _ = films_of_split(tmp_path, LABELS, None)
    assert len(films) == 2


@pytest.mark.parametrize("name", ["test", "val", "nosuch"])
def test_a_split_of_data_that_names_none_is_refused(name: str, tmp_path: Path) -> None:
    touch(tmp_path, "covid/a", "covid/b")
    with pytest.raises(DatasetError, match=f"has no split {name}") as caught:
        films_of_split(tmp_path, LABELS, name)
    assert "--split" in caught.value.hint


def test_test_films_are_those_measured_on_unless_told_otherwise(
    tmp_path: Path,
) -> None:
    films, _ = films_of_split(named_splits(tmp_path), LABELS, None)
    assert [film.file for film in films] == ["b", "c"]


def test_split_that_the_data_does_not_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no film of the split external") as caught:
        films_of_split(named_splits(tmp_path), LABELS, "external")
    assert "Its splits are: test, train" in caught.value.hint


def split_of(**fields: list[str]) -> list[Sample]:
    """Two films, one of each label, in each split; and what `fields` add."""
    rows = [(name, label) for name in ("train", "val", "test") for label in LABELS]
    return [
        sample(
            f"{split}-{label}",
            label,
            split=split,
            **{key: values[i] for key, values in fields.items()},
        )
        for i, (split, label) in enumerate(rows)
    ]


def as_dataset(samples: list[Sample]) -> Dataset:
    return Dataset(tuple(samples), LABELS, {})


def test_split_that_the_data_names_is_taken() -> None:
    samples = split_of()
    found = given_split(as_dataset(samples))
    assert found is not None
    split, left_out = found
    assert (*split.train, *split.val, *split.test) == tuple(samples)
    assert left_out == {}


def test_data_without_split_names_has_no_split() -> None:
    assert given_split(as_dataset([sample("a"), sample("b", "normal")])) is None


def test_films_of_other_split_names_are_left_out_and_counted() -> None:
    extra = [sample("x", split="external"), sample("y", split="external"), sample("z")]
    found = given_split(as_dataset(split_of() + extra))
    assert found is not None
    split, left_out = found
    files = {s.file for name in ("train", "val", "test") for s in split.part(name)}
    assert not files & {"x", "y", "z"}
    assert left_out == {"split external": 2, "split not stated": 1}


@pytest.mark.parametrize("kind", ["patient", "group"])
def test_given_split_that_leaks_is_refused_and_says_where(kind: str) -> None:
    samples = split_of(**{kind: ["P1", "P2", "P3", "P4", "P5", "P2"]})
    said = "train-normal in train and test-normal in test"
    with pytest.raises(DatasetError, match=f"in more than one split: {said}"):
        given_split(as_dataset(samples))


def test_one_patient_may_have_many_films_in_one_split() -> None:
    samples = split_of(patient=["P1", "P1", "P2", "P2", "P3", "P3"])
    assert given_split(as_dataset(samples)) is not None


def test_patients_that_are_not_stated_are_not_one_patient() -> None:
    assert given_split(as_dataset(split_of(patient=[""] * 6))) is not None


def test_patient_left_out_with_an_external_split_is_no_leak() -> None:
    samples = split_of(patient=[f"P{i}" for i in range(6)])
    extra = sample("x", patient="P0", split="external")
    assert given_split(as_dataset([*samples, extra])) is not None


@pytest.mark.parametrize("missing", range(6))
def test_given_split_that_lacks_a_label_is_refused(missing: int) -> None:
    samples = split_of()
    gone = samples.pop(missing)
    with pytest.raises(DatasetError, match=f"split {gone.split} .* {gone.label}"):
        given_split(as_dataset(samples))


def as_split(samples: list[Sample]) -> Split:
    found = given_split(as_dataset(samples))
    assert found is not None
    return found[0]


def test_hash_of_a_split_is_of_which_film_is_where_and_not_of_the_order() -> None:
    split = as_split(split_of())
    assert as_split(split_of()[::-1]).sha256() == split.sha256()
    moved = Split(split.val, split.train, split.test)
    assert moved.sha256() != split.sha256()


def test_summary_counts_films_by_split_label_and_source() -> None:
    split = as_split(split_of(source=["", "", "a", "a", "b", "b"]))
    assert summarise(split) == {
        "train": {"all": 2, "covid": 1, "normal": 1},
        "val": {"all": 2, "covid, a": 1, "normal, a": 1},
        "test": {"all": 2, "covid, b": 1, "normal, b": 1},
    }


def test_manifest_that_was_written_comes_back(tmp_path: Path) -> None:
    touch(tmp_path, *(s.file for s in split_of()))
    fields: dict[str, Any] = {"patient": list("uvwxyz"), "source": ["a, ü"] * 6}
    samples = [
        Sample(s.file, tmp_path / s.file, s.label, s.patient, "", s.source, s.split)
        for s in split_of(**fields)
    ]
    manifest = tmp_path / "elsewhere" / "split.csv"
    write_manifest(manifest, as_split(samples))
    again = index_dataset(manifest).samples
    assert {(s.path, s.label, s.patient, s.source, s.split) for s in again} == {
        (s.path.resolve(), s.label, s.patient, s.source, s.split) for s in samples
    }
    with open(manifest, encoding="utf-8", newline="") as file:
        assert len(list(csv.reader(file))) == 7


def test_manifest_that_cannot_be_written_is_an_error_of_its_own(film: Path) -> None:
    with pytest.raises(OutputError):
        write_manifest(film / "split.csv", as_split(split_of()))
