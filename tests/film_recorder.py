"""A plugin of pytest that keeps a copy of every film that tests read.

HILUM_RECORDED names the folder. The packaged program is then given all of them.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from core.films import radiograph as images

_LARGEST = 20_000_000
_read = images.read_radiograph


def read_and_keep(path: Path, *words: Any, **named: Any) -> images.Radiograph:
    """Read a film as `core.films.radiograph` does, after copying it."""
    folder = Path(os.environ["HILUM_RECORDED"])
    if path.is_file() and path.stat().st_size < _LARGEST:
        number = len(list(folder.iterdir()))
        shutil.copyfile(path, folder / f"{number:04d}{path.suffix[:8]}")
    return _read(path, *words, **named)


images.read_radiograph = read_and_keep
