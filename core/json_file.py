"""JSON that may come from anywhere."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from core.regular_file import open_regular

#: Largest file that is read; lists of a million films are smaller.
MAX_BYTES = 512 << 20
#: Lists within lists; what Hilum writes is ten deep at most.
_DEEPEST = 100


def parse_json(text: str | bytes) -> Any:
    """What `json.loads` gives; deep nesting is refused as any other mistake is.

    Raises:
        ValueError: It is not JSON, or lists in it are nested too deeply, which
            would end whoever walks through them.
    """
    too_deep = "it is nested too deeply"
    try:
        value = json.loads(text)
    except RecursionError as error:
        raise ValueError(too_deep) from error
    level = [value]
    for _ in range(_DEEPEST):
        level = [
            child
            for node in level
            if isinstance(node, dict | list)
            for child in (node.values() if isinstance(node, dict) else node)
            if isinstance(child, dict | list)
        ]
        if not level:
            return value
    raise ValueError(too_deep)


def read_json(path: Path, most_bytes: int = MAX_BYTES) -> Any:
    """Read a JSON file.

    Args:
        path: A pipe or a device there is refused, not waited for.
        most_bytes: A larger file is refused before it is read.

    Raises:
        OSError: It is missing, no file, or may not be read.
        ValueError: It is too large, or not JSON.
    """
    with open_regular(path) as file:
        if os.fstat(file.fileno()).st_size > most_bytes:
            raise ValueError(f"it is larger than {most_bytes >> 20} MB")
        return parse_json(file.read(most_bytes + 1))
