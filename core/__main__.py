"""The command line: python -m core COMMAND ..."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence

from core.commands.parser import parser
from core.errors import CoreError, TrainingStopped
from core.terminal import print_lines

DONE, UNUSABLE, STOPPED = 0, 2, 3


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        0 done, 1 a bug, 2 wrong use or an input that cannot serve, 3 stopped
        by the user, 4 done but some files failed.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):
        # File names may hold what the terminal cannot show.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        arguments = parser(words).parse_args(words)
        arguments.argv = words
        logging.basicConfig(
            level=logging.DEBUG if arguments.verbose else logging.WARNING,
            format="%(levelname)s %(name)s: %(message)s",
            stream=sys.stderr,
        )
        status: int = arguments.run(arguments)
    except CoreError as error:
        print_lines(f"{error} {error.advice}".rstrip(), sys.stderr)
        return STOPPED if isinstance(error, TrainingStopped) else UNUSABLE
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)  # noqa: T201 - for people
        return STOPPED
    except BrokenPipeError:
        # Whoever read the results has enough, as `head` does.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    return status


if __name__ == "__main__":
    sys.exit(main())
