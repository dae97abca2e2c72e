"""A real scan in its folder, for the tests of what one does with it."""

from __future__ import annotations

import signal
from datetime import datetime
from pathlib import Path

from core.__main__ import main
from core.model.bundle import ModelBundle
from core.scan import store as scans
from core.scan.record import FINISHED, FROM_FOLDERS, ScanRecord
from core.scan.store import Scan
from tests.scan_folder import write_films


def write_scan(bundle: ModelBundle, home: Path) -> Scan:
    """Scan five films in folders of labels, two of them alike in name, one torn."""
    folder = write_films(home / "films", "covid/a.png", "normal/a.png")
    write_films(folder, "normal/b.png", level=20)
    write_films(folder, "covid/d.png", level=127)
    (folder / "normal" / "torn.png").write_bytes(b"\x89PNG")
    record = ScanRecord(
        folder=folder,
        started=datetime(2026, 1, 2, 3, 4, 5).astimezone(),
        model=bundle.card.name,
        bundle=bundle.path,
        model_sha256=bundle.sha256,
        card_labels=bundle.card.labels,
        labels=FROM_FOLDERS,
        status=FINISHED,
    )
    scan = scans.new_scan(record)
    kept = {name: signal.getsignal(name) for name in (signal.SIGINT, signal.SIGTERM)}
    assert main(scan.command(bundle.path)) == 4  # one is torn
    for name, handler in kept.items():
        signal.signal(name, handler)
    return scan
