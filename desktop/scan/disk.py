"""What is done on the disk for scans; slow, so not in the window's thread."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from core.errors import BundleError, DatasetError, OutputError
from core.films.radiograph import display_name
from core.model.bundle import ModelBundle, ModelCard
from core.scan import store as scans
from core.scan.labels import labels_by_folder
from core.scan.record import FAILED, NO_LABELS, PAUSED, RUNNING, ScanRecord
from core.scan.store import Hold, Scan

#: Folders that are looked at for names of labels; a share may hold millions.
_MOST_LOOKED_AT: Final = 2000


@dataclasses.dataclass(frozen=True)
class ScanRequest:
    """What the user asks for.

    Attributes:
        folder: Absolute.
        labels: `NO_LABELS`, `FROM_FOLDERS` or `FROM_LIST` of core.scan.record.
        label_list: CSV file; None unless `FROM_LIST`.
        precision: As `core scan --precision`.
        watch: Whether to keep the folder under watch afterwards.
        hidden: Whether files and folders that begin with a dot are read too.
    """

    folder: Path
    labels: str = NO_LABELS
    label_list: Path | None = None
    precision: str = "float32"
    watch: bool = False
    hidden: bool = False


@dataclasses.dataclass(frozen=True)
class Listed:
    """A scan in the list.

    Attributes:
        scan: It.
        is_held: Whether a window has it under way.
    """

    scan: Scan
    is_held: bool

    @property
    def is_interrupted(self) -> bool:
        """Whether it ended by an accident, and is to go on by itself."""
        scan = self.scan
        return not scan.damage and scan.record.status == RUNNING and not self.is_held


@dataclasses.dataclass(frozen=True)
class Begun:
    """A scan that is ready to be started, kept from other windows.

    Attributes:
        scan: It.
        hold: To be released when it is over.
        command: Arguments of the command line.
        before: Films that its results list already.
    """

    scan: Scan
    hold: Hold
    command: list[str]
    before: int


@dataclasses.dataclass(frozen=True)
class FolderLook:
    """What a first look at a folder shows.

    Attributes:
        folder: It.
        labels: Labels of the model that folders in it are named as, as people
            read them.
    """

    folder: Path
    labels: tuple[str, ...]


def find_scans() -> list[Listed]:
    """List all scans, newest first.

    Raises:
        OutputError: They cannot be listed.
    """
    return [_listed(scan) for scan in scans.list_scans()]


def _listed(scan: Scan) -> Listed:
    listed = Listed(scan, scan.is_held())
    if scan.damage or listed.is_held or scan.record.status not in (RUNNING, PAUSED):
        return listed
    # Its window had no time to write down how many there are.
    return Listed(scans.changed(scan, done=scan.rows()), is_held=False)


def look_at_folder(folder: Path, card: ModelCard | None) -> FolderLook:
    """See whether a folder can be scanned, and is sorted by label.

    Raises:
        DatasetError: It is none, or may not be read.
    """
    try:
        with os.scandir(folder) as entries:
            next(entries, None)
    except NotADirectoryError as error:
        raise DatasetError(
            f"{display_name(folder)} is a file, and a scan takes a folder.",
            hint="Choose the folder that it lies in. Single films are read in the "
            "Diagnose tab.",
        ) from error
    except OSError as error:
        raise DatasetError(
            f"The folder {folder} cannot be read: {error.strerror or error}.",
            hint="Check its permissions, and that its disk is connected.",
        ) from error
    if card is None:
        return FolderLook(folder, ())
    label_of = labels_by_folder(card)
    found = {label_of(f"{name}/film") for name in _folders_in(folder)}
    shown = [each.display_name for each in card.labels if each.name in found]
    return FolderLook(folder, tuple(shown))


def begin(request: ScanRequest, bundle: ModelBundle) -> Begun:
    """Make the folder of a new scan.

    Raises:
        OutputError: It cannot be written.
    """
    card = bundle.card
    record = ScanRecord(
        folder=request.folder,
        started=datetime.now().astimezone().replace(microsecond=0),
        model=card.name,
        bundle=bundle.path,
        model_sha256=bundle.sha256,
        card_labels=tuple(card.labels),
        labels=request.labels,
        label_list=request.label_list,
        precision=request.precision,
        watch=request.watch,
        hidden=request.hidden,
    )
    scan = scans.new_scan(record)
    return Begun(scan, Hold(scan), scan.command(bundle.path), 0)


def take_up(scan: Scan, *, if_interrupted: bool = False) -> Begun | None:
    """Make a scan ready to go on.

    Args:
        scan: As it was listed; it is read again.
        if_interrupted: Whether to do so only if it is to go on by itself.

    Returns:
        None if it is not, or another window was quicker.

    Raises:
        BundleError: Its model is gone. The scan is marked as failed.
        OutputError: It is damaged, under way elsewhere, or cannot be written.
    """
    scan = scans.read_scan(scan.path)
    if scan.damage:
        raise OutputError(scan.damage, hint="It can only be deleted.")
    if if_interrupted and not scan.is_interrupted():
        return None
    hold = Hold(scan)
    try:
        return make_ready(scan, hold)
    except BaseException:
        hold.release()
        raise


def make_ready(scan: Scan, hold: Hold) -> Begun:
    """As `take_up`, for a scan that this window holds."""
    try:
        bundle = scans.find_bundle(scan.record)
    except BundleError as error:
        scans.save(
            scans.changed(scan, status=FAILED, message=str(error), hint=error.hint)
        )
        raise
    scans.wait_until_free(scan)
    # What it says is no longer so, and the command overwrites nothing.
    with contextlib.suppress(OSError):
        scan.summary.unlink(missing_ok=True)
    scan = scans.save(scans.changed(scan, status=RUNNING, message="", hint=""))
    return Begun(scan, hold, scan.command(bundle.path), scan.rows())


def settle(scan: Scan, hold: Hold) -> Scan:
    """Write down how a scan ended, and let others have it.

    It ended because the disk is full, perhaps; then it stays written down as
    under way, and goes on by itself when there is space again.
    """
    scan = scans.changed(scan, done=scan.rows())
    with contextlib.suppress(OutputError):
        scans.save(scan)
    hold.release()
    return scan


def delete(scan: Scan) -> Scan:
    """Delete a scan that is not under way.

    Raises:
        OutputError: It is, or cannot be deleted.
    """
    scans.delete(scan)
    return scan


def _folders_in(folder: Path) -> Sequence[str]:
    """Names of the folders in a folder, and in those."""
    names: list[str] = []
    places = [str(folder)]
    for depth in range(2):
        below: list[str] = []
        for place in places:
            with contextlib.suppress(OSError), os.scandir(place) as entries:
                for entry in entries:
                    if len(names) == _MOST_LOOKED_AT:
                        return names
                    if entry.is_dir():
                        names.append(entry.name)
                        below.append(entry.path)
        places = below if depth == 0 else []
    return names
