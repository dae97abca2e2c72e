"""How long the program has been running."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Final

_ABOUT_THIS: Final = Path("/proc/self/stat")
#: Where the system tells nothing, time counts from here.
_LOADED_AT: Final = time.monotonic()


def process_age() -> float:
    """Seconds since the operating system started this process."""
    if sys.platform == "linux":
        # Since the machine started; other ways are exact to a second only.
        try:
            fields = _ABOUT_THIS.read_text("utf-8", "replace").rpartition(")")[2]
        except OSError:  # /proc is not there for everybody, as in a bare root
            return time.monotonic() - _LOADED_AT
        began = int(fields.split()[19]) / os.sysconf("SC_CLK_TCK")
        return time.clock_gettime(time.CLOCK_BOOTTIME) - began
    import psutil

    return time.time() - psutil.Process().create_time()
