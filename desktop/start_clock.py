"""How long the program has been running."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path


def process_age() -> float:
    """Seconds since the operating system started this process."""
    if sys.platform == "linux":
        # Since the machine started; other ways are exact to a second only.
        fields = Path("/proc/self/stat").read_text("ascii").rpartition(")")[2].split()
        began = int(fields[19]) / os.sysconf("SC_CLK_TCK")
        return time.clock_gettime(time.CLOCK_BOOTTIME) - began
    import psutil

    return time.time() - psutil.Process().create_time()
