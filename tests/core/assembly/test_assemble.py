"""Published data sets, drawn small in the layouts of their makers -> manifests."""

from __future__ import annotations

import collections
import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from openpyxl import Workbook

from core.__main__ import main
from core.assembly.originals import ORIGINALS
from core.data.dataset import COLUMNS, Sample, index_dataset
from tests.phantoms import draw_phantom
from tests.planted import flipped, rotated
from tests.scan_folder import write_films

Assemble = Callable[..., tuple[int, str, list[Sample]]]


@pytest.fixture
def assemble(tmp_path: Path, capsys: pytest.CaptureFixture) -> Assemble:
    """The command on `tmp_path / "set"` -> its status, its words, what it listed."""

    def command(name: str, *words: str) -> tuple[int, str, list[Sample]]:
        out = tmp_path / "films.csv"
        try:
            status = main(
                ["assemble", name, str(tmp_path / "set"), "--out", str(out), *words]
            )
        except SystemExit as end:
            status = int(str(end.code))
        said = capsys.readouterr()
        films = index_dataset(out).samples if out.exists() else ()
        return status, said.out + said.err, list(films)

    return command


def table(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def told(folder: Path, films: list[Sample], *fields: str) -> dict[str, Any]:
    """File, relative to the data set's folder -> what the manifest says of it."""
    return {
        film.path.relative_to(folder).as_posix(): tuple(
            getattr(film, field) for field in fields
        )
        for film in films
    }


CHEXPERT_HEAD = (
    "Path,Sex,Age,Frontal/Lateral,AP/PA,No Finding,Enlarged Cardiomediastinum,"
    "Cardiomegaly,Lung Opacity,Lung Lesion,Edema,Consolidation,Pneumonia,Atelectasis,"
    "Pneumothorax,Pleural Effusion,Pleural Other,Fracture,Support Devices\n"
)


def write_chexpert(folder: Path) -> Path:
    """Of one film each: normal, pneumonia, uncertain, other, lateral, gone, valid."""

    def line(name: str, of: str, no_finding: str = "", pneumonia: str = "") -> str:
        where = f"CheXpert-v1.0-small/{name},Female,{of}"
        return f"{where},{no_finding},,,,,,,{pneumonia},,,,,,1.0\n"

    train = [
        line("train/patient00001/study1/view1_frontal.jpg", "68,Frontal,AP", "1.0"),
        line("train/patient00002/study2/view1_frontal.jpg", "17,Frontal,PA", "", "1.0"),
        line(
            "train/patient00003/study1/view1_frontal.jpg", "50,Frontal,AP", "", "-1.0"
        ),
        line("train/patient00004/study1/view1_frontal.jpg", "51,Frontal,AP", "", "0.0"),
        line("train/patient00001/study1/view2_lateral.jpg", "68,Lateral,", "1.0"),
        line("train/patient00005/study1/view1_frontal.jpg", "52,Frontal,AP", "1.0"),
    ]
    valid = [line("valid/patient64541/study1/view1_frontal.jpg", "73,Frontal,AP", "1")]
    table(folder / "train.csv", CHEXPERT_HEAD + "".join(train))
    table(folder / "valid.csv", CHEXPERT_HEAD + "".join(valid))
    names = [row.partition(",")[0].partition("/")[2] for row in train + valid]
    return write_films(folder, *(name for name in names if "00005" not in name))


def test_chexpert_gives_labels_patients_views_and_children(
    tmp_path: Path, assemble: Assemble
) -> None:
    folder = write_chexpert(tmp_path / "set")
    before = sorted(folder.rglob("*"))
    counts = tmp_path / "counts.json"
    status, said, films = assemble("chexpert", "--json", str(counts))
    assert status == 0, said
    fields = ("label", "patient", "source", "view", "child")
    assert told(folder, films, *fields) == {
        "train/patient00001/study1/view1_frontal.jpg": (
            *("normal", "chexpert-patient00001", "chexpert", "AP", "no"),
        ),
        "train/patient00002/study2/view1_frontal.jpg": (
            *("pneumonia", "chexpert-patient00002", "chexpert", "PA", "yes"),
        ),
        "valid/patient64541/study1/view1_frontal.jpg": (
            *("normal", "chexpert-patient64541", "chexpert", "AP", "no"),
        ),
    }
    left_out = {
        "of uncertain pneumonia": 1,
        "of other findings": 1,
        "from the side": 1,
        "listed, but the file is missing": 1,
    }
    assert json.loads(counts.read_text("utf-8")) == {
        "dataset": "chexpert",
        "films": 3,
        "labels": {"normal": 2, "pneumonia": 1},
        "sources": {"chexpert": {"normal": 2, "pneumonia": 1}},
        "views": {"AP": {"normal": 2}, "PA": {"pneumonia": 1}},
        "children": {"pneumonia": 1},
        "patients": 3,
        "grouped": 0,
        "left_out": left_out,
    }
    assert all(f"1 {reason}" in said for reason in left_out)
    assert sorted(folder.rglob("*")) == before, "nothing was written beside the films"


@pytest.mark.parametrize(
    ("words", "labels"),
    [
        ([], ["normal", "normal", "pneumonia"]),
        (["--uncertain", "pneumonia"], ["normal"] * 2 + ["pneumonia"] * 2),
        (["--uncertain", "other"], ["normal", "normal", "pneumonia"]),
        (
            ["--uncertain", "other", "--labels", "pneumonia, other"],
            ["other", "other", "pneumonia"],
        ),
        (["--labels", "pneumonia"], ["pneumonia"]),
        (["--views", "pa"], ["pneumonia"]),
        (["--views", "AP,Lateral"], ["normal"] * 3),
        (["--no-children"], ["normal", "normal"]),
    ],
)
def test_filters_leave_films_out(
    words: list[str], labels: list[str], tmp_path: Path, assemble: Assemble
) -> None:
    write_chexpert(tmp_path / "set")
    status, said, films = assemble("chexpert", *words)
    assert (status, sorted(film.label for film in films)) == (0, labels), said


def test_a_folder_above_is_as_good(tmp_path: Path, assemble: Assemble) -> None:
    write_chexpert(tmp_path / "set" / "CheXpert-v1.0-small")
    assert len(assemble("chexpert")[2]) == 3


def test_covid_chestxray_takes_frontal_x_rays(
    tmp_path: Path, assemble: Assemble
) -> None:
    folder = tmp_path / "set"
    rows = [
        ("2", "65", "Pneumonia/Viral/COVID-19", "PA", "X-ray", "a.jpg"),
        ("2", "65", "Pneumonia/Viral/COVID-19", "PA", "X-ray", "a.jpg"),
        ("3", "", "Pneumonia/Bacterial/Klebsiella", "AP Supine", "X-ray", "b.png"),
        ("4", "7", "No Finding", "AP", "X-ray", "c.png"),
        ("5", "40.0", "COVID-19, ARDS", "AP Erect", "X-ray", "d.png"),
        ("6", "40", "Tuberculosis", "PA", "X-ray", "e.png"),
        ("7", "40", "Pneumonia/Viral/COVID-19", "L", "X-ray", "f.png"),
        ("8", "40", "Pneumonia/Viral/COVID-19", "Axial", "CT", "g.png"),
    ]
    head = (
        "patientid,offset,sex,age,finding,survival,view,modality,date,folder,filename"
    )
    lines = [
        f'{who},0,M,{age},"{finding}",Y,{view},{kind},2020,images,{name}'
        for who, age, finding, view, kind, name in rows
    ]
    empty = ["", ",,,,,,,,,,"]
    table(folder / "metadata.csv", "\n".join([head, *lines, *empty]))
    write_films(folder / "images", *(row[-1] for row in rows))
    status, said, films = assemble("covid-chestxray")
    assert status == 0, said
    assert told(folder, films, "label", "patient", "view", "child") == {
        "images/a.jpg": ("covid", "ieee8023-2", "PA", "no"),
        "images/b.png": ("pneumonia", "ieee8023-3", "AP Supine", ""),
        "images/c.png": ("normal", "ieee8023-4", "AP", "yes"),
        "images/d.png": ("covid", "ieee8023-5", "AP Erect", "no"),
    }
    for reason in ("from the side", "of the modality CT", "of other findings"):
        assert f"1 {reason}" in said
    assert "1 listed twice" in said
    assert "unknown" not in said
    films = assemble("covid-chestxray", "--views", "AP", "--overwrite")[2]
    assert {film.path.name for film in films} == {"b.png", "c.png", "d.png"}


@pytest.mark.parametrize("suffix", ["", "_v2020"])
def test_nih_films_are_found_in_any_folder(
    suffix: str, tmp_path: Path, assemble: Assemble
) -> None:
    folder = tmp_path / "set"
    table(
        folder / f"Data_Entry_2017{suffix}.csv",
        "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,"
        "View Position,OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y],\n"
        "00000001_000.png,Cardiomegaly,0,1,058Y,M,PA,2682,2749,0.143,0.143,\n"
        "00000002_000.png,No Finding,0,2,80,M,PA,2500,2048,0.171,0.171,\n"
        "00000003_000.png,Infiltration|Pneumonia,0,3,011M,F,AP,2500,2048,0.1,0.1,\n"
        "00000003_001.png,No Finding,1,3,011M,F,AP,2500,2048,0.1,0.1,\n",
    )
    names = ["1_000", "2_000", "3_000"]
    write_films(folder, *(f"images_00{n[0]}/images/0000000{n}.png" for n in names))
    status, said, films = assemble("nih")
    assert status == 0, said
    assert told(folder, films, "label", "patient", "view", "child") == {
        "images_002/images/00000002_000.png": ("normal", "nih-00000002", "PA", "no"),
        "images_003/images/00000003_000.png": (
            *("pneumonia", "nih-00000003", "AP", "yes"),
        ),
    }
    assert "1 listed, but the file is missing" in said


def write_siim(folder: Path) -> Path:
    kinds = ["1,0,0,0", "0,1,0,0", "0,0,1,0", "0,0,0,1"]
    table(
        folder / "train_study_level.csv",
        "id,Negative for Pneumonia,Typical Appearance,Indeterminate Appearance,"
        "Atypical Appearance\n"
        + "".join(f"study{i}_study,{kind}\n" for i, kind in enumerate(kinds)),
    )
    boxes = "\"[{'x': 789.2, 'y': 582.4, 'width': 1026.6, 'height': 1917.3}]\""
    lines = [f"film{i}_image,{boxes},opacity 1 789.2 582.4,study{i}" for i in range(4)]
    lines += ["film4_image,,none 1 0 0 1 1,study1", "film5_image,,none,study9"]
    table(
        folder / "train_image_level.csv",
        "\n".join(["id,boxes,label,StudyInstanceUID", *lines]),
    )
    return folder


@pytest.mark.parametrize("place", ["train/study{0}/series/film{1}.dcm", "film{1}.png"])
def test_siim_films_get_the_label_of_their_study(
    place: str, tmp_path: Path, assemble: Assemble
) -> None:
    folder = write_siim(tmp_path / "set")
    studies = [0, 1, 2, 3, 1, 9]
    write_films(folder, *(place.format(s, film) for film, s in enumerate(studies)))
    status, said, films = assemble("siim")
    assert status == 0, said
    assert told(folder, films, "label", "group", "patient") == {
        place.format(0, 0): ("normal", "siim-study0", ""),
        place.format(1, 1): ("covid", "siim-study1", ""),
        place.format(1, 4): ("covid", "siim-study1", ""),
    }
    assert "2 of other findings" in said
    assert "1 of a study that the table of studies lacks" in said


SHEETS = {
    "COVID": ["https://sirm.org/category/senza-categoria/covid-19/"],
    "Normal": [
        "https://www.kaggle.com/c/rsna-pneumonia-detection-challenge/data",
        "https://www.kaggle.com/paultimothymooney/chest-xray-pneumonia",
    ],
    "Viral Pneumonia": [
        "https://www.kaggle.com/paultimothymooney/chest-xray-pneumonia"
    ],
    "Lung_Opacity": [
        "https://www.kaggle.com/c/rsna-pneumonia-detection-challenge/data"
    ],
}


def write_radiography(folder: Path) -> Path:
    for name, addresses in SHEETS.items():
        book = Workbook()
        book.active.append(["FILE NAME", "FORMAT", "SIZE", "URL"])
        for number, address in enumerate(addresses, start=1):
            # The sheets write some names in capital letters, the folders do not.
            book.active.append([f"{name.upper()}-{number}", "PNG", "256*256", address])
            film = f"{name}-{number}.png"
            write_films(folder, f"{name}/images/{film}", f"{name}/masks/{film}")
        book.save(folder / f"{name}.metadata.xlsx")
    return folder


def test_radiography_database_tells_sources_and_no_mask_is_a_film(
    tmp_path: Path, assemble: Assemble
) -> None:
    folder = write_radiography(tmp_path / "set" / "COVID-19_Radiography_Dataset")
    status, said, films = assemble("radiography", "--labels", "covid,normal,pneumonia")
    assert status == 0, said
    assert told(folder, films, "label", "source", "child") == {
        "COVID/images/COVID-1.png": ("covid", "sirm", ""),
        "Normal/images/Normal-1.png": ("normal", "rsna", ""),
        "Normal/images/Normal-2.png": ("normal", "kermany", "yes"),
        "Viral Pneumonia/images/Viral Pneumonia-1.png": (
            *("pneumonia", "kermany", "yes"),
        ),
    }
    assert "5 masks of lungs" in said
    assert "1 of other findings" in said
    for sheet in folder.glob("*.xlsx"):
        sheet.unlink()
    films = assemble("radiography", "--overwrite")[2]
    assert {(film.label, film.source) for film in films} == {
        ("covid", "radiography"),
        ("normal", "radiography"),
        ("pneumonia", "kermany"),
    }


def test_kermany_is_flagged_as_children(tmp_path: Path, assemble: Assemble) -> None:
    folder = tmp_path / "set"
    names = [
        "train/NORMAL/IM-0115-0001.jpeg",
        "train/NORMAL/NORMAL2-IM-0115-0001.jpeg",
        "train/PNEUMONIA/person1_bacteria_2.jpeg",
        "test/PNEUMONIA/person1_virus_6.jpeg",
        "val/PNEUMONIA/BACTERIA-7422-0001.jpeg",
        "train/PNEUMONIA/other.jpeg",
    ]
    again = [f"chest_xray/{name}" for name in names]
    write_films(folder, *names, *again, "stray.jpeg")
    status, said, films = assemble("kermany")
    assert status == 0, said
    assert {(film.source, film.child, film.view) for film in films} == {
        ("kermany", "yes", "AP")
    }
    patients = collections.Counter(film.patient for film in films)
    assert patients == {
        "kermany-IM-0115": 2,
        "kermany-person1": 2,
        "kermany-7422": 1,
        "": 1,
    }
    assert collections.Counter(film.label for film in films) == {
        "normal": 2,
        "pneumonia": 4,
    }
    assert "6 in the download twice" in said
    assert "1 in no label's folder" in said


def write_phantom(path: Path, film: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(".png", film)[1].tobytes())


@pytest.mark.slow
def test_khulna_copies_are_found_and_grouped_and_a_training_can_split_them(
    tmp_path: Path, assemble: Assemble, capsys: pytest.CaptureFixture
) -> None:
    folder = tmp_path / "set"
    rng = np.random.default_rng(0)
    for label in ("covid", "normal", "pneumonia"):
        for number in range(6):
            film = draw_phantom(label, 40 + number, 128)
            write_phantom(folder / label / f"film ({number}).png", film)
    covid = draw_phantom("covid", 40, 128)
    write_phantom(folder / "covid" / "film (7).png", flipped(covid, rng))
    write_phantom(folder / "covid" / "00000007_001.png", rotated(covid, rng))
    write_phantom(folder / "normal" / "00000005_000.png", draw_phantom("normal", 60))
    write_phantom(
        folder / "pneumonia" / "person12_virus_3.png", draw_phantom("pneumonia", 61)
    )
    (folder / "covid" / "torn.png").write_bytes(b"no film")
    table(folder / "metadata.csv", "file,label\n")
    status, said, films = assemble("khulna")
    assert status == 0, said
    grouped = collections.defaultdict(set)
    for film in films:
        if film.label == "covid" and film.group:
            grouped[film.group].add(film.path.name)
    # Of two sources, by their names.
    copies = {"film (0).png", "film (7).png", "00000007_001.png"}
    assert any(copies <= names for names in grouped.values())
    assert "1 not to be read" in said
    by_name = told(folder, films, "source", "patient", "child")
    assert by_name["normal/00000005_000.png"] == ("nih", "nih-00000005", "")
    assert by_name["pneumonia/person12_virus_3.png"] == (
        *("kermany", "kermany-person12", "yes"),
    )
    # The manifest is what the other commands take.
    found = tmp_path / "audit.json"
    split = tmp_path / "split.csv"
    words = ["--json", str(found), "--manifest", str(split)]
    status = main(["audit", str(tmp_path / "films.csv"), *words])
    assert status == 0, capsys.readouterr()
    read = json.loads(found.read_text("utf-8"))
    assert read["films"] == len(films) == 22
    assert read["children"] == {"pneumonia": 1}
    assert read["leaks"] == []
    covid_films = (f for f in index_dataset(split).samples if f.label == "covid")
    where = [film.split for film in covid_films if film.path.name in copies]
    assert (len(where), len(set(where))) == (3, 1), "copies stay in one part"


@pytest.mark.slow
def test_an_assembled_manifest_is_what_a_training_takes(
    tmp_path: Path, assemble: Assemble, capsys: pytest.CaptureFixture
) -> None:
    for label in ("NORMAL", "PNEUMONIA"):
        for number in range(12):
            film = draw_phantom(label.lower(), number, 64)
            name = f"person{number}_virus_{number}.jpeg"
            write_phantom(tmp_path / "set" / "train" / label / name, film)
    status, said, films = assemble("kermany")
    assert (status, len(films)) == (0, 24), said
    words = ["--data", str(tmp_path / "films.csv"), "--out", str(tmp_path / "model")]
    small = {"backbone": "vgg16", "weights": "none", "size": 32, "unfreeze_from": 15}
    words += [
        word for each in small.items() for word in ("--set", "=".join(map(str, each)))
    ]
    status = main(["train", *words, "--dry-run"])
    assert status == 0, capsys.readouterr()


def test_manifest_has_the_columns_that_are_read(
    tmp_path: Path, assemble: Assemble
) -> None:
    write_chexpert(tmp_path / "set")
    assemble("chexpert")
    with open(tmp_path / "films.csv", encoding="utf-8", newline="") as file:
        head, first, *_ = csv.reader(file)
    assert tuple(head) == COLUMNS
    assert Path(first[0]).is_absolute()


@pytest.mark.parametrize("name", ORIGINALS)
def test_a_folder_of_something_else_is_refused(
    name: str, tmp_path: Path, assemble: Assemble
) -> None:
    status, said, _ = assemble(name)
    assert (status, "There is no folder called" in said) == (2, True), said
    write_films(tmp_path / "set", "holiday/a.png")
    status, said, _ = assemble(name)
    assert status == 2
    assert "There is no" in said or "1 in no label's folder" in said
    assert not (tmp_path / "films.csv").exists()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "lacks what it should have: the columns Path"),
        (b"Path,Age\na.jpg,3\n", "columns Frontal/Lateral, AP/PA, No Finding"),
        ("Path,\N{SNOWMAN}\n".encode("utf-16"), "train.csv cannot be read"),
        (b"x" * 200_000, "train.csv cannot be read"),
    ],
)
def test_a_table_of_something_else_is_a_sentence(
    content: bytes, expected: str, tmp_path: Path, assemble: Assemble
) -> None:
    folder = write_chexpert(tmp_path / "set")
    (folder / "train.csv").write_bytes(content)
    status, said, _ = assemble("chexpert")
    assert (status, expected in said) == (2, True), said


def test_a_sheet_that_is_no_workbook_is_a_sentence(
    tmp_path: Path, assemble: Assemble
) -> None:
    folder = write_radiography(tmp_path / "set")
    (folder / "COVID.metadata.xlsx").write_bytes(b"no workbook")
    status, said, _ = assemble("radiography")
    assert (status, "COVID.metadata.xlsx cannot be read" in said) == (2, True), said


def test_where_all_films_are_missing_the_first_is_named(
    tmp_path: Path, assemble: Assemble
) -> None:
    folder = write_chexpert(tmp_path / "set")
    for name in ("train", "valid"):
        (folder / name).rename(tmp_path / name)
    status, said, _ = assemble("chexpert")
    first = folder / "train" / "patient00001" / "study1" / "view1_frontal.jpg"
    assert (status, f"would be {first}." in said) == (2, True), said


def test_where_no_film_is_left_the_reasons_are_told(
    tmp_path: Path, assemble: Assemble
) -> None:
    write_films(tmp_path / "set", "train/NORMAL/IM-0115-0001.jpeg")
    status, said, _ = assemble("kermany", "--no-children")
    assert (status, "Left out: 1 of children" in said) == (2, True), said
    assert "NORMAL and PNEUMONIA" in said


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["chexpert", "--labels", "flu"], "films labelled flu"),
        (["nih", "--uncertain", "other"], "marks no film as uncertain"),
        (["nonsense"], "'chexpert'"),
    ],
)
def test_wrong_wishes_are_a_sentence(
    words: list[str], expected: str, tmp_path: Path, assemble: Assemble
) -> None:
    write_chexpert(tmp_path / "set")
    status, said, _ = assemble(*words)
    assert (status, expected in said) == (2, True), said


def test_the_originals_are_never_written_to(tmp_path: Path, assemble: Assemble) -> None:
    folder = write_chexpert(tmp_path / "set")
    status, said, _ = assemble("chexpert", "--json", str(folder / "counts.json"))
    assert (status, "which is read" in said) == (2, True), said
    assert not (folder / "counts.json").exists()


def test_the_list_names_every_data_set(capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as end:
        main(["assemble", "--list"])
    assert end.value.code == 0
    said = capsys.readouterr().out
    for name, original in ORIGINALS.items():
        assert f"{name}: {original.title}\n" in said
    assert "    All are of children of one to five years.\n" in said
