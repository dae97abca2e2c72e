"""The scans of the user: one folder per scan, dated, never used again."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
from pathlib import Path
from typing import Any, Final

import msgspec

from core.errors import BundleError, OutputError
from core.files import remove_folder, write_json
from core.jobs.channel import JobChannel
from core.jobs.folders import (
    DatedJob,
    changed_at,
    list_jobs,
    make_folder,
    read_record,
)
from core.jobs.lock import is_locked
from core.json_file import read_json
from core.model.bundle import ModelBundle, read_bundle
from core.paths import default_bundle_dir, models_dir, scans_dir
from core.scan.record import (
    FAILED,
    FROM_FOLDERS,
    RUNNING,
    ScanRecord,
    record_from_json,
    record_to_json,
)

_RECORD: Final = "scan.json"


@dataclasses.dataclass(frozen=True)
class Scan(DatedJob[ScanRecord]):
    """One scan and its folder.

    Attributes:
        is_at_work: Whether a process was at work on it when it was looked at.
    """

    is_at_work: bool = False

    @property
    def results(self) -> Path:
        """Its CSV file, which grows as it goes, and by which it goes on."""
        return self.path / "results.csv"

    @property
    def summary(self) -> Path:
        """Its totals, and what was measured, once it has ended."""
        return self.path / "summary.json"

    def is_interrupted(self) -> bool:
        """Whether an accident ended it, and it is to go on by itself."""
        is_under_way = not self.damage and self.record.status == RUNNING
        return is_under_way and not self.is_at_work

    def command(self, bundle: Path) -> list[str]:
        """Arguments of the command line that starts it, or goes on with it.

        Args:
            bundle: Of its model, where it is now.
        """
        record = self.record
        words = ["scan", str(record.folder), "--out", str(self.results), "--resume"]
        words += ["--model", str(bundle), "--precision", record.precision]
        if record.labels == FROM_FOLDERS:
            words += ["--labels-from-folders"]
        elif record.label_list is not None:
            words += ["--labels", str(record.label_list)]
        if record.watch:
            words += ["--watch"]
        if record.hidden:
            words += ["--hidden"]
        if not record.lungs:
            words += ["--no-lungs"]
        return [*words, "--json", str(self.summary)]

    def rows(self) -> int:
        """How many films its results list."""
        lines = 0
        try:
            with open(self.results, "rb") as file:
                while piece := file.read(1 << 20):
                    lines += piece.count(b"\n")
        except OSError:  # it has not begun
            return 0
        return max(0, lines - 1)

    def totals(self) -> dict[str, Any] | None:
        """What `core scan --json` wrote of it; None where it did not."""
        try:
            fields = read_json(self.summary)
        except (OSError, ValueError):
            return None
        return fields if isinstance(fields, dict) else None


def list_scans() -> list[Scan]:
    """Every scan, newest first; one with a damaged record too.

    Raises:
        OutputError: The folder of the scans cannot be read.
    """
    return list_jobs(scans_dir(), "scans", read_scan)


def read_scan(path: Path) -> Scan:
    """The scan in a folder, whether or not its record can be understood."""
    record, damage = read_record(path / _RECORD, "scan", record_from_json)
    if record is not None:
        return Scan(path, record, is_at_work=JobChannel(path).is_running())
    stand_in = ScanRecord(
        Path(path.name), changed_at(path), "", Path(), "", (), status=FAILED
    )
    return Scan(path, stand_in, damage)


def new_scan(record: ScanRecord) -> Scan:
    """Make the folder of a scan that has not started yet.

    Raises:
        OutputError: It cannot be written; nothing is left.
    """
    folder = make_folder(scans_dir(), record.started, record.name, "scans")
    scan = Scan(folder, record)
    try:
        save(scan)
    except OutputError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return scan


def changed(scan: Scan, **changes: Any) -> Scan:
    """A scan with other fields in its record; nothing is written down."""
    record = msgspec.structs.replace(scan.record, **changes)
    return dataclasses.replace(scan, record=record)


def save(scan: Scan) -> Scan:
    """Write down how a scan stands now.

    Raises:
        OutputError: That cannot be written; what stood there stays.
    """
    write_json(scan.path / _RECORD, record_to_json(scan.record))
    return scan


def delete(scan: Scan) -> None:
    """Remove a scan with everything in it.

    Raises:
        OutputError: It is under way, or its files cannot be removed.
    """
    if scan.channel.is_running() or is_locked(scan.results):
        raise OutputError(
            f"The scan of {scan.record.name} is under way and cannot be deleted.",
            hint="Cancel it first.",
        )
    remove_folder(scan.path, scans_dir(), f"The scan of {scan.record.name}")


def find_bundle(record: ScanRecord) -> ModelBundle:
    """The model that a scan was begun with, wherever it is now.

    Raises:
        BundleError: It is gone, or has changed.
    """
    places = [record.bundle, default_bundle_dir()]
    with contextlib.suppress(OSError):
        places += sorted(path for path in models_dir().iterdir() if path.is_dir())
    for place in dict.fromkeys(places):
        try:
            bundle = read_bundle(place)
        except BundleError:
            continue
        if bundle.sha256 == record.model_sha256:
            return bundle
    raise BundleError(
        f"The model that this scan was begun with, {record.model}, is gone or has "
        "changed.",
        hint="Its rows stay. To go on with another model, scan the folder anew.",
    )
