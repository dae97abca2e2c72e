"""Published data sets: where their films lie, and what their tables say of each."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from core.assembly.tables import films_by_stem, find_tables, read_table
from core.data.dataset import Sample
from core.errors import DatasetError
from core.films.dicom_facts import is_child
from core.films.finder import find_films

COVID, NORMAL, PNEUMONIA, OTHER = "covid", "normal", "pneumonia", "other"
#: Of films whose table says that there may be pneumonia.
UNCERTAIN: Final = "uncertain"

#: A film and what is said of it, or why a line or a file gives none.
Found = Iterator[Sample | str]

#: Folder in lower case, with spaces -> the label of the films in it.
_FOLDERS: Final = {
    "covid": COVID,
    "covid-19": COVID,
    "normal": NORMAL,
    "pneumonia": PNEUMONIA,
    "viral pneumonia": PNEUMONIA,
    "lung opacity": OTHER,
}
#: How films are named by those who first published them, a patient first -> by whom.
#: The same number is taken for the same patient, whatever the finding before it.
_NAMES: Final = {
    re.compile(r"(\d{8})_\d{3}"): "nih",
    re.compile(r"(person\d+)_"): "kermany",
    re.compile(r"(?:NORMAL2-)?(IM-\d+)-"): "kermany",
    re.compile(r"(?:BACTERIA|VIRUS|NORMAL)-(\d+)-"): "kermany",
}
#: Part of an address that the sheets of the Radiography Database give -> source.
_ADDRESSES: Final = {
    "bimcv": "bimcv",
    "sirm.org": "sirm",
    "eurorad": "eurorad",
    "ml-workgroup": "hannover",
    "covid-cxnet": "cxnet",
    "covid-chestxray-dataset": "ieee8023",
    "rsna-pneumonia": "rsna",
    "chest-xray-pneumonia": "kermany",
}
#: All its films are of children, wherever they turn up again.
_KERMANY: Final = "kermany"


@dataclasses.dataclass(frozen=True)
class Original:
    """A published data set.

    Attributes:
        layout: What its folder holds.
        remark: What to know before one trains on it.
        read: Finds its films; raises DatasetError.
        has_copies: Whether it holds altered copies of its own films, so that they
            must be looked for.
    """

    title: str
    layout: str
    remark: str
    read: Callable[[Path], Found]
    has_copies: bool = False


def _chexpert(folder: Path) -> Found:
    columns = "Path,Age,Frontal/Lateral,AP/PA,No Finding,Pneumonia".split(",")
    for table in _tables(folder, "train.csv", "valid.csv"):
        for row in read_table(table, columns):
            # The first part is the name of the folder as it once was.
            path = table.parent.joinpath(*row["Path"].split("/")[1:])
            patient = re.search(r"patient\d+", row["Path"])
            label = OTHER
            if _number(row["Pneumonia"]) == 1:
                label = PNEUMONIA
            elif _number(row["Pneumonia"]) == -1:
                label = UNCERTAIN
            elif _number(row["No Finding"]) == 1:
                label = NORMAL
            is_frontal = row["Frontal/Lateral"] == "Frontal"
            yield _film(
                path,
                label,
                "chexpert",
                patient=patient[0] if patient else "",
                view=row["AP/PA"] if is_frontal else row["Frontal/Lateral"],
                age=row["Age"],
            )


def _covid_chestxray(folder: Path) -> Found:
    columns = "patientid,age,finding,view,modality,folder,filename".split(",")
    for table in _tables(folder, "metadata.csv"):
        for row in read_table(table, columns):
            if row["modality"] != "X-ray":
                yield f"of the modality {row['modality'] or 'unknown'}"
                continue
            # From the general to the particular: Pneumonia/Viral/COVID-19.
            finding = re.split(r"[/,]\s*", row["finding"])
            label = OTHER
            if "COVID-19" in finding:
                label = COVID
            elif "Pneumonia" in finding:
                label = PNEUMONIA
            elif finding == ["No Finding"]:
                label = NORMAL
            yield _film(
                table.parent / row["folder"] / row["filename"],
                label,
                "ieee8023",
                patient=row["patientid"],
                view=row["view"],
                age=row["age"],
            )


def _nih(folder: Path) -> Found:
    columns = "Image Index,Finding Labels,Patient Age,View Position".split(",")
    films = films_by_stem(folder)
    for table in _tables(folder, "Data_Entry_2017*.csv"):
        for row in read_table(table, columns):
            name = row["Image Index"]
            findings = row["Finding Labels"].split("|")
            label = OTHER
            if "Pneumonia" in findings:
                label = PNEUMONIA
            elif findings == ["No Finding"]:
                label = NORMAL
            yield _film(
                films.get(Path(name).stem, folder / name),
                label,
                "nih",
                patient=name.partition("_")[0],
                view=row["View Position"],
                age=row["Patient Age"],
            )


def _siim(folder: Path) -> Found:
    labels = {
        "Negative for Pneumonia": NORMAL,
        "Typical Appearance": COVID,
        "Indeterminate Appearance": OTHER,
        "Atypical Appearance": OTHER,
    }
    label_of = {}
    for table in _tables(folder, "train_study_level.csv"):
        for row in read_table(table, ["id", *labels]):
            found = (label for name, label in labels.items() if _number(row[name]) == 1)
            label_of[row["id"].removesuffix("_study")] = next(found, OTHER)
    films = films_by_stem(folder)
    for table in _tables(folder, "train_image_level.csv"):
        for row in read_table(table, ["id", "StudyInstanceUID"]):
            name, study = row["id"].removesuffix("_image"), row["StudyInstanceUID"]
            if study not in label_of:
                yield "of a study that the table of studies lacks"
                continue
            # The patient stands in the DICOM files alone, where others read it.
            path = films.get(name, folder / "train" / study / f"{name}.dcm")
            yield _film(path, label_of[study], "siim", group=f"siim-{study}")


def _radiography(folder: Path) -> Found:
    columns = ["FILE NAME", "URL"]
    address_of = {
        row["FILE NAME"].casefold(): row["URL"].casefold()
        for sheet in find_tables(folder, "*.metadata.xlsx")
        for row in read_table(sheet, columns)
    }
    for film in _by_folder(folder, "radiography"):
        if isinstance(film, Sample):
            # The pneumonias are all from there; of others only a sheet can tell.
            usual = _KERMANY if film.label == PNEUMONIA else film.source
            address = address_of.get(film.path.stem.casefold(), "")
            known = (name for part, name in _ADDRESSES.items() if part in address)
            film = _film(film.path, film.label, next(known, usual))
        yield film


ORIGINALS: Final = {
    "chexpert": Original(
        "CheXpert",
        "train.csv and valid.csv, with the folders train and valid beside them",
        "The labels were mined from reports, and are uncertain for many films.",
        _chexpert,
    ),
    "covid-chestxray": Original(
        "covid-chestxray-dataset",
        "metadata.csv, with the folder images beside it",
        "Films are from publications, and as such alike in look.",
        _covid_chestxray,
    ),
    "nih": Original(
        "NIH ChestX-ray14",
        "Data_Entry_2017.csv (or _v2020.csv), and the films in any folders",
        "The labels were mined from reports: believe those of pneumonia least.",
        _nih,
    ),
    "siim": Original(
        "SIIM-FISABIO-RSNA COVID-19",
        "train_study_level.csv, train_image_level.csv, and the films (DICOM, or copies "
        "of the same names) in any folders",
        "covid is a typical appearance; normal is negative for pneumonia, which most "
        "often is a COVID-19 patient too; indeterminate and atypical are other.",
        _siim,
    ),
    "radiography": Original(
        "COVID-19 Radiography Database",
        "COVID, Normal, Viral Pneumonia and Lung_Opacity, each with images and masks, "
        "and a sheet *.metadata.xlsx of each beside them",
        "covid is from other hospitals than the rest, as the sheets tell; the viral "
        "pneumonias and some of the normal films are of children.",
        _radiography,
    ),
    "kermany": Original(
        "Kermany's chest films of children",
        "train, test (and val), each with NORMAL and PNEUMONIA",
        "All are of children of one to five years.",
        lambda folder: _by_folder(folder, _KERMANY, view="AP"),
    ),
    "khulna": Original(
        "COVID-19, pneumonia and normal PA films (Khulna)",
        "covid, normal and pneumonia",
        "It holds altered copies of its own films, which are found and grouped; some "
        "of the normal films and of the pneumonias are of children.",
        lambda folder: _by_folder(folder, "khulna", view="PA"),
        has_copies=True,
    ),
}


def _film(
    path: Path,
    label: str,
    source: str,
    *,
    patient: str = "",
    group: str = "",
    view: str = "",
    age: str = "",
) -> Sample:
    """A film; its patient is told from those of other sources by its name."""
    # Years, unless a letter says otherwise; a table that was saved anew has 65.0.
    age = age.removesuffix(".0")
    known = is_child(f"{age}Y" if age.isdigit() else age)
    child = "" if known is None else "yes" if known else "no"
    return Sample(
        file=str(path),
        path=path,
        label=label,
        patient=f"{source}-{patient}" if patient else "",
        group=group,
        source=source,
        view=view,
        child="yes" if source == _KERMANY else child,
    )


def _by_folder(folder: Path, source: str, view: str = "") -> Found:
    """Films whose folders name their labels.

    Args:
        source: Of films whose own names do not tell another.
    """
    seen: set[tuple[str, ...]] = set()
    for found in find_films(folder).films:
        path = folder / found.file
        *folders, _ = parts = tuple(found.file.split("/"))
        names = [name.casefold().replace("_", " ") for name in reversed(folders)]
        label = next((_FOLDERS[name] for name in names if name in _FOLDERS), "")
        if "masks" in names:
            yield "masks of lungs"
        elif not label:
            yield "in no label's folder"
        elif parts[-3:] in seen:  # some downloads hold all of it twice
            yield "in the download twice"
        else:
            seen.add(parts[-3:])
            told = ((name.match(path.stem), who) for name, who in _NAMES.items())
            patient, who = next(((m[1], who) for m, who in told if m), ("", source))
            yield _film(path, label, who, patient=patient, view=view)


def _tables(folder: Path, *patterns: str) -> list[Path]:
    if tables := find_tables(folder, *patterns):
        return tables
    raise DatasetError(
        f"There is no {' or '.join(patterns)} in {folder}.",
        hint="Name the folder that the data set was unpacked to.",
    )


def _number(text: str) -> float:
    """What stands in a cell; 0 where nothing, or no number, does."""
    try:
        return float(text)
    except ValueError:
        return 0.0
