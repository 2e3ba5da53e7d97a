"""Examples that are read when they are asked for, and kept in memory as long as there is room."""

from collections.abc import Callable, Sequence
from typing import Any

from pipelines.learn.example import Example


class Opened(Sequence[Example]):
    """Examples by their names; number i is read by `read(i)`.

    Those that were used last are kept, of `room_bytes` together: none by default, for what is read once.
    """

    def __init__(self, names: Sequence[str], read: Callable[[int], Example], room_bytes: int = 0) -> None:
        self.names = tuple(names)
        self._read, self._room = read, room_bytes
        self._kept: dict[int, Example] = {}
        self._bytes = 0

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, number: Any) -> Any:
        if isinstance(number, slice):
            return [self[each] for each in range(*number.indices(len(self)))]
        place = number + len(self) if number < 0 else number
        if not 0 <= place < len(self):
            raise IndexError(f"there are {len(self)} examples, so no number {number}")
        example = self._taken(place) or self._read(place)
        self._kept[place] = example
        self._bytes += _bytes(example)
        while self._bytes > self._room:
            self._taken(next(iter(self._kept)))
        return example

    def _taken(self, place: int) -> Example | None:
        """The example that was kept, if it was; it is no longer."""
        example = self._kept.pop(place, None)
        self._bytes -= _bytes(example) if example else 0
        return example


def _bytes(example: Example) -> int:
    return example.image.nbytes + (0 if example.label is None else example.label.nbytes)
