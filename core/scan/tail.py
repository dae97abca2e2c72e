"""Reads the results of a scan while they grow."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from core.errors import OutputError
from core.scan.row import ScanRow, decode_line, is_header, row_from_cells

_READ_BYTES = 1 << 18


class ScanTail:
    """Takes new whole lines of a scan's CSV file, from its beginning on.

    Args:
        path: Of the file, which need not be there yet.
        labels: Of the model, in output order.
    """

    def __init__(self, path: Path, labels: Sequence[str]) -> None:
        self._path = path
        self._labels = tuple(labels)
        self._place = 0
        self._number = 0

    def read(self, most: int) -> list[ScanRow]:
        """The next rows.

        Args:
            most: Rows.

        Returns:
            None at its end, or where the last line is not whole yet.

        Raises:
            OutputError: It cannot be read, or is not the result of such a scan.
        """
        rows: list[ScanRow] = []
        try:
            with open(self._path, "rb") as file:
                size = file.seek(0, 2)
                if size < self._place:
                    raise self._changed()
                file.seek(self._place)
                for line in file:
                    if len(rows) == most or not line.endswith(b"\n"):
                        break
                    if not self._take(line, rows):
                        rest = file.read(_READ_BYTES)
                        # A power cut leaves zeros; who goes on takes them off.
                        is_torn = b"\0" in line and not rest.strip(b"\0")
                        if not is_torn and not rows:
                            raise self._changed()
                        break
        except FileNotFoundError:
            if self._place:
                raise OutputError(
                    f"{self._path.name} is gone.",
                    hint="What was read of it stays on screen until the window closes.",
                ) from None
        except OSError as error:
            raise OutputError(
                f"{self._path.name} cannot be read: {error.strerror or error}.",
                hint="Check the disk that your data folder lies on.",
            ) from error
        return rows

    def _take(self, line: bytes, rows: list[ScanRow]) -> bool:
        """Take a whole line; whether it is what belongs there."""
        if not self._number:
            if not is_header(line, self._labels):
                raise OutputError(
                    f"{self._path.name} is not the result of this scan.",
                    hint="It was changed by another program. Scan the folder anew.",
                )
        else:
            try:
                rows.append(row_from_cells(decode_line(line[:-1]), self._labels))
            except ValueError:
                return False
        self._number += 1
        self._place += len(line)
        return True

    def _changed(self) -> OutputError:
        return OutputError(
            f"Line {self._number + 1} of {self._path.name} is not a row of a scan.",
            hint="It was changed by another program. Undo that, or scan the folder "
            "anew.",
        )
