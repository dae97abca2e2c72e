"""What of a folder is not read, and why."""

from __future__ import annotations

import collections

#: Why -> how to say it of one, and of several.
_WORDS = {
    "hidden_files": ("hidden file", "hidden files"),
    "hidden_folders": (
        "hidden folder with all in it",
        "hidden folders with all in them",
    ),
    "not_films": ("file that is no film", "files that are no films"),
    "not_files": ("pipe, socket or device", "pipes, sockets or devices"),
    "closed_files": ("file that may not be read", "files that may not be read"),
    "closed_folders": ("folder that cannot be listed", "folders that cannot be listed"),
    "repeated_links": (
        "link to a folder that is listed anyway or holds the link",
        "links to folders that are listed anyway or hold the link",
    ),
    "broken_links": ("link that leads nowhere", "links that lead nowhere"),
}


class LeftOut(collections.Counter[str]):
    """How much of what a folder holds is left out, by why: the names of `_WORDS`.

    What lies in a hidden folder is not counted, nor is what is named as a film:
    that is read, and said to be none then.
    """

    def __init__(self) -> None:
        super().__init__(dict.fromkeys(_WORDS, 0))

    @property
    def hidden(self) -> int:
        """Files and folders that would be looked at if hidden ones were wanted."""
        return self["hidden_files"] + self["hidden_folders"]

    def reasons(self) -> dict[str, int]:
        """Why, in words -> how many, of each that there is."""
        return {_WORDS[why][1]: count for why, count in self.items() if count}

    def in_words(self) -> str:
        """All of it in a sentence; empty if nothing was left out."""
        said = [
            f"{count:,} {_WORDS[why][count > 1]}"
            for why, count in self.items()
            if count
        ]
        return f"Left out: {', '.join(said)}." if said else ""
