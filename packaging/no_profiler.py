"""Run before `core` starts: stands in for TensorFlow's profiler, which is left out.

TensorFlow loads this extension module with itself and calls it only to profile.
"""

from __future__ import annotations

import sys
import types

_NAME = "tensorflow.python.profiler.internal._pywrap_profiler_plugin"
sys.modules[_NAME] = types.ModuleType(_NAME)
