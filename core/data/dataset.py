"""Labelled films on disk: a folder or manifest -> Sample."""

from __future__ import annotations

import collections
import csv
import dataclasses
import io
import operator
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from core.errors import DatasetError
from core.files import write_csv
from core.films.finder import find_films, is_wanted

#: The splits that a training knows; what a manifest calls otherwise it leaves out.
SPLITS = ("train", "val", "test")

COLUMNS = tuple("file label patient group source split sha256 view child".split())

#: Label of films that no model should learn from: they are left out, and counted.
NOT_USABLE = "not usable"

#: Films of a source below which figures on it are noise.
MIN_OF_SOURCE = 20

#: Letters of a first line that are shown of a list that lacks columns.
_LONGEST_HEAD = 80

_LABELS_HINT = (
    "Write them with commas, as in covid,normal; one that holds a comma in double "
    "quotes."
)


@dataclasses.dataclass(frozen=True)
class Sample:
    """A labelled film.

    Attributes:
        file: As the data names it: the path relative to the folder or manifest.
        patient, group, source: Empty where the data does not say.
        split: One of `SPLITS`, another name, or empty.
        sha256: Of the file when the manifest was written; empty where the data
            does not say.
        view: "PA", "AP", "LL" ...; empty where the data does not say.
        child: "yes", "no", or empty where the data does not say.
    """

    file: str
    path: Path
    label: str
    patient: str = ""
    group: str = ""
    source: str = ""
    split: str = ""
    sha256: str = ""
    view: str = ""
    child: str = ""


@dataclasses.dataclass(frozen=True)
class Dataset:
    """The films of a folder or manifest that have a label of interest.

    Attributes:
        samples: In the order of their file names.
        labels: The labels asked for, or all there are, sorted.
        left_out: Reason -> number of films; of a folder, of files and folders
            that were not looked at too.
    """

    samples: tuple[Sample, ...]
    labels: tuple[str, ...]
    left_out: Mapping[str, int]
    name: str = ""

    def sources(self) -> list[str]:
        """The sources with films enough to measure on, sorted."""
        counts = collections.Counter(sample.source for sample in self.samples)
        return sorted(s for s, n in counts.items() if s and n >= MIN_OF_SOURCE)


def parse_labels(text: str) -> tuple[str, ...]:
    """Read labels written as "covid, normal" or, with a comma, as '"a, b", c'.

    Returns:
        None of them if the text is empty.

    Raises:
        DatasetError: It is not written so, or names a label twice.
    """
    try:
        rows = list(csv.reader([text], skipinitialspace=True, strict=True))
    except csv.Error as error:
        raise DatasetError(
            f"The labels cannot be read: {error}.", hint=_LABELS_HINT
        ) from error
    labels = tuple(name.strip() for row in rows for name in row)
    if text and ("" in labels or len(set(labels)) < len(labels)):
        raise DatasetError(
            "Every label must have a name, and each one of its own.", hint=_LABELS_HINT
        )
    return labels


def labels_as_text(labels: Iterable[str]) -> str:
    """Labels as `parse_labels` reads them."""
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(labels)
    return text.getvalue()


def index_dataset(
    data: Path, labels: Sequence[str] = (), *, require_all: bool = True
) -> Dataset:
    """List the labelled films of a folder or a manifest.

    Args:
        data: A folder with a subfolder per label, or a CSV file with the
            columns `file` and `label` and any of `patient`, `group`,
            `source`, `split`, `sha256`, `view`, `child`; its paths are relative
            to it.
        labels: The labels of interest; empty means every one found but
            `NOT_USABLE`. Films of other labels are left out and counted.
        require_all: Whether every label asked for must have a film.

    Raises:
        DatasetError: There is no such data, it cannot be understood, or it
            has no film of a label asked for.
    """
    # Not as methods of `data`, which fail for names that no system takes.
    if os.path.isdir(data):
        found, passed_over = _index_folder(data)
        gone = 0
    elif os.path.isfile(data):
        listed = read_manifest(data)
        found = [sample for sample in listed if os.path.isfile(sample.path)]
        gone, passed_over = len(listed) - len(found), {}
    else:
        raise DatasetError(
            f"There is no folder or manifest called {data}.",
            hint="Give a folder with one subfolder per label, or a CSV file.",
        )
    if not found:
        raise DatasetError(
            f"None of the films that {data.name} lists is there.",
            hint=f"The first one would be {listed[0].path}; put the films back, or "
            "mend the paths, which start from the folder of the list.",
        )
    present = {sample.label for sample in found}
    wanted = tuple(labels) or tuple(sorted(present - {NOT_USABLE}))
    if not wanted:
        raise DatasetError(
            f"Every film of {data.name} is labelled {NOT_USABLE}.",
            hint="Label some by what they show.",
        )
    kept = [sample for sample in found if sample.label in wanted]
    missing = [label for label in wanted if label not in present]
    if missing and (require_all or len(missing) == len(wanted)):
        raise DatasetError(
            f"{data.name} has no film labelled {', '.join(missing)}.",
            hint=f"Its labels are: {', '.join(sorted(present)) or 'none'}.",
        )
    left_out = collections.Counter(passed_over)
    left_out.update(
        f"labelled {sample.label}" for sample in found if sample.label not in wanted
    )
    if gone:
        left_out["listed, but the file is missing"] = gone
    kept.sort(key=operator.attrgetter("file"))
    return Dataset(tuple(kept), wanted, dict(left_out), data.name)


def write_samples(manifest: Path, samples: Iterable[Sample]) -> None:
    """Write a manifest of films with absolute paths, wherever it lies.

    Raises:
        OutputError: It cannot be written.
    """
    rows = (
        [sample.path.resolve(), *(getattr(sample, name) for name in COLUMNS[1:])]
        for sample in samples
    )
    write_csv(manifest, [COLUMNS, *rows])


def listed_films(data: Path | None) -> list[Path]:
    """Where the films of a folder or manifest lie, if one is given.

    No film where it cannot be understood: whoever goes on to read it says why.
    """
    if data is None:
        return []
    try:
        samples = _index_folder(data)[0] if data.is_dir() else read_manifest(data)
    except DatasetError:
        return []
    return [sample.path for sample in samples]


def films_of_split(
    data: Path, labels: Sequence[str], name: str | None
) -> tuple[tuple[Sample, ...], dict[str, int]]:
    """The films to measure a model on.

    Args:
        data: As `index_dataset`.
        labels: Of the model; films of others are left out and counted. The
            data need not have all of them.
        name: A split of the data, or "all". None means the test films where the
            data names splits, and all films otherwise.

    Returns:
        The films, and reason -> number of those left out.

    Raises:
        DatasetError: There is no film to measure on, or no such split.
    """
    dataset = index_dataset(data, labels, require_all=False)
    named = sorted({sample.split for sample in dataset.samples} - {""})
    name = name or ("test" if named else "all")
    left_out = collections.Counter(dataset.left_out)
    if name == "all":
        return dataset.samples, dict(left_out)
    chosen = tuple(s for s in dataset.samples if s.split == name)
    left_out.update(
        f"split {s.split or 'not stated'}" for s in dataset.samples if s.split != name
    )
    if not named:
        raise DatasetError(
            f"{data.name} names no splits, so it has no split {name}.",
            hint="Leave --split out to take all of its films.",
        )
    if not chosen:
        raise DatasetError(
            f"{data.name} has no film of the split {name} with a label of the model.",
            hint=f"Its splits are: {', '.join(named)}; or say all. The model's labels "
            f"are: {', '.join(labels)}.",
        )
    return chosen, dict(left_out)


def _index_folder(folder: Path) -> tuple[list[Sample], dict[str, int]]:
    """The films of each label's folder, and how much else lies in the folder."""
    listing = find_films(folder, every_file=True)
    left_out = listing.left_out
    samples, strays = [], 0
    for film in listing.films:
        label, slash, _ = film.file.partition("/")
        if slash:
            samples.append(Sample(film.file, folder / film.file, label))
        elif is_wanted(folder / film.file):
            strays += 1
        else:
            left_out["not_films"] += 1
    if not samples:
        hint = "Make one subfolder per label and put its films there."
        raise DatasetError(
            f"The folder {folder.name} has no subfolders with films.",
            hint=f"{hint} {left_out.in_words()}".rstrip(),
        )
    reasons = left_out.reasons()
    if strays:
        reasons["in no label's folder"] = strays
    return samples, reasons


def read_manifest(manifest: Path) -> list[Sample]:
    """The films that a manifest lists, whether or not they are there.

    Raises:
        DatasetError: It cannot be read or understood, or lists a film twice.
    """
    try:
        with open(manifest, encoding="utf-8-sig", newline="") as file:
            lines = csv.DictReader(file)
            head = lines.fieldnames or ()
            rows = [(lines.line_num, row) for row in lines]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or "it is no list in UTF-8"
        raise DatasetError(
            f"The manifest {manifest.name} cannot be read: {reason}.",
            hint="Save it as a CSV file in UTF-8.",
        ) from error
    if not rows or not {"file", "label"} <= set(head):
        first = ",".join(head)[:_LONGEST_HEAD]
        more = f"Any of {', '.join(COLUMNS[2:])} may be too."
        if ";" in first:
            more = "It has semicolons between its columns: save it with commas."
        raise DatasetError(
            f"The manifest {manifest.name} needs the columns file and label, "
            "and at least one film.",
            hint=f"Its first line is {first!r}. {more}",
        )
    samples = []
    for number, row in rows:
        if any(row.get(None, ())):
            raise DatasetError(
                f"Line {number} of {manifest.name} has more cells than columns.",
                hint="Put what holds a comma in double quotes.",
            )
        fields = {name: (row.get(name) or "").strip() for name in COLUMNS}
        if not fields["file"] or not fields["label"]:
            raise DatasetError(
                f"Line {number} of {manifest.name} lacks a file or a label.",
                hint="Fill it in or take the line out.",
            )
        if (split := fields["split"].lower()) in SPLITS:
            fields["split"] = split
        samples.append(Sample(path=manifest.parent / fields["file"], **fields))
    known: set[str] = set()
    for sample in samples:
        place = os.path.abspath(sample.path)  # a.png, ./a.png and x/../a.png are one
        if place in known:
            raise DatasetError(
                f"{manifest.name} lists {sample.file} more than once.",
                hint="Keep one line per film.",
            )
        known.add(place)
    return samples
