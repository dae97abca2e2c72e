"""A bundle to one file, and back: `core export --format hilum` and `core import`."""

from __future__ import annotations

import argparse

from core.model.archive import pack_bundle, unpack_bundle
from core.model.bundle import read_bundle


def export_file(arguments: argparse.Namespace) -> int:
    """Write a bundle as one file.

    Returns:
        0.
    """
    bundle = read_bundle(arguments.bundle)
    pack_bundle(bundle, arguments.out, overwrite=arguments.overwrite)
    print(arguments.out)  # noqa: T201 - the result
    return 0


def import_file(arguments: argparse.Namespace) -> int:
    """Make a bundle of such a file.

    Returns:
        0.
    """
    bundle = unpack_bundle(arguments.file, arguments.out, overwrite=arguments.overwrite)
    print(bundle.path)  # noqa: T201 - the result
    return 0
