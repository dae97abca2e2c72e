"""The true label of a film in a folder, where its place or a list tells it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from core.data.dataset import index_dataset
from core.errors import DatasetError
from core.model.bundle import Label, ModelCard
from core.scan.record import FROM_FOLDERS, ScanRecord

#: File, relative to the folder and with slashes -> label, or None.
LabelOf = Callable[[str], str | None]


def labels_of_films(
    card: ModelCard,
    folder: Path,
    films: Sequence[str],
    *,
    manifest: Path | None,
    from_folders: bool,
) -> LabelOf | None:
    """Where the labels of a scan come from; None if from nowhere.

    Args:
        folder: As `labels_by_list` takes it, as `manifest` is.
        films: Of which one has to have a label, where there are any.
        from_folders: Whether they are those of `labels_by_folder`.

    Raises:
        DatasetError: No film has a label of the model, or the list cannot serve.
    """
    hint = f"The model's labels are: {', '.join(card.label_names)}."
    if manifest is not None:
        label_of = labels_by_list(card.labels, manifest, folder)
        where = manifest.name
        hint += " Paths in the list start from the folder that it lies in."
    elif from_folders:
        label_of, where = labels_by_folder(card.labels), "any folder's name"
    else:
        return None
    if films and not any(map(label_of, films)):
        raise DatasetError(
            f"No film has a label of the model by {where}.",
            hint=hint,
        )
    return label_of


def labels_as_asked(record: ScanRecord) -> LabelOf:
    """Where the labels of a scan of the window come from; none where from nowhere.

    Raises:
        DatasetError: As `labels_by_list`.
    """
    if record.labels == FROM_FOLDERS:
        return labels_by_folder(record.card_labels)
    if record.label_list is not None:
        return labels_by_list(record.card_labels, record.label_list, record.folder)
    return lambda file: None


def labels_by_folder(labels: Sequence[Label]) -> LabelOf:
    """Take a film's label from the folders it lies in; the innermost counts.

    A folder is named as a label of the model or as people read it; case does
    not matter.
    """
    known = {label.display_name.casefold(): label.name for label in labels}
    known |= {label.name.casefold(): label.name for label in labels}

    def label_of(file: str) -> str | None:
        for part in reversed(file.split("/")[:-1]):
            label = known.get(part.casefold())
            if label is not None:
                return label
        return None

    return label_of


def labels_by_list(labels: Sequence[Label], manifest: Path, folder: Path) -> LabelOf:
    """Take films' labels from a CSV file with the columns `file` and `label`.

    Args:
        manifest: Its paths are relative to it.
        folder: That the scan's paths are relative to.

    Raises:
        DatasetError: The file cannot be understood or has no label of the model.
    """
    if os.path.isdir(manifest):
        raise DatasetError(
            f"{manifest} is a folder, not a list of labels.",
            hint="Name a CSV file with the columns file and label; for folders that "
            "are labels there is --labels-from-folders.",
        )
    names = [label.name for label in labels]
    dataset = index_dataset(manifest, names, require_all=False)
    start = os.path.abspath(folder)
    known: dict[str, str] = {}
    for sample in dataset.samples:
        place = os.path.abspath(sample.path)
        if os.path.splitdrive(place)[0] == os.path.splitdrive(start)[0]:
            inside = os.path.relpath(place, start).replace(os.sep, "/")
            known[inside] = sample.label
    return known.get
