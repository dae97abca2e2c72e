"""Which films of a long list are still to be read, by stretches."""

from __future__ import annotations

import collections
import dataclasses

from core.scan.crash_probe import MAX_LOSSES


@dataclasses.dataclass(frozen=True)
class Shard:
    """A stretch of the list, and how often whoever read it did not come back."""

    start: int
    stop: int
    losses: int = 0

    def __len__(self) -> int:
        return self.stop - self.start


class Shards:
    """Cuts a list into shards as they are asked for; lost ones come again.

    It keeps what is lost and what is done, and no list of shards: a list of ten
    million films takes 10 MB here.

    """

    def __init__(self, total: int) -> None:
        self._total = total
        self._next = 0
        self._lost: collections.deque[Shard] = collections.deque()
        self._is_done = bytearray(total)
        self.left = total

    def take(self, size: int) -> Shard | None:
        """The next shard, of at most `size` films; None while there is none."""
        if self._lost:
            return self._lost.popleft()
        if self._next >= self._total:
            return None
        shard = Shard(self._next, min(self._next + size, self._total))
        self._next = shard.stop
        return shard

    def give_back(self, shard: Shard) -> int | None:
        """Take back a shard whose reader is gone.

        A film may be what ended it, so a shard that was lost before is halved,
        until such a film stands alone.

        Returns:
            The place of a film to be given up: it was alone each time. Else None.
        """
        losses = shard.losses + 1
        if len(shard) == 1 and losses >= MAX_LOSSES:
            return shard.start
        if len(shard) == 1 or losses == 1:
            self._lost.append(Shard(shard.start, shard.stop, losses))
            return None
        middle = (shard.start + shard.stop) // 2
        # Lost once each, so that a film alone has its own count.
        self._lost.append(Shard(shard.start, middle, 1))
        self._lost.append(Shard(middle, shard.stop, 1))
        return None

    def finish(self, place: int) -> bool:
        """Note that a film is done; False if it was before."""
        if self._is_done[place]:
            return False
        self._is_done[place] = 1
        self.left -= 1
        return True
