"""Whether what the user chooses and makes can be kept."""

from __future__ import annotations

import tempfile
from typing import Final

from core import paths
from core.errors import OutputError
from core.files import output_error

#: About what settings and the record of models take.
_NEEDED: Final = 64 * 1024


def check_kept() -> None:
    """Try to write where settings and models are kept; OutputError if that fails."""
    for folder in (paths.user_config_dir(), paths.user_data_dir()):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder) as file:
                file.write(b"\0" * _NEEDED)
                file.flush()
        except OSError as error:
            reason = str(output_error(folder / "settings", error)).rstrip(".")
            raise OutputError(
                f"Settings and models cannot be kept: {reason}.",
                hint=f"Everything else works. Make room or allow writing in {folder}.",
            ) from error
