"""Memory of tensors under `copy.deepcopy`: tensors that share memory still share it in the copy."""

from __future__ import annotations

from typing import Any, NamedTuple

from torchlite.backends.registry import local


class _Place(NamedTuple):
    """The position of a tensor in the memory that it views, in elements."""

    shape: tuple[int, ...]
    strides: tuple[int, ...]
    start: int

    @property
    def end(self) -> int:
        """One past its last element."""
        return self.start + 1 + sum((n - 1) * step for n, step in zip(self.shape, self.strides))


class _Region:
    """The copy of a piece of memory and the tensors in it; grows as tensors are added."""

    def __init__(self) -> None:
        self.start = self.end = 0
        self.copy: Any = None
        self.source: Any = None
        self.tensors: list[tuple[Any, _Place]] = []

    def place(self, tensor: Any, place: _Place, source: Any) -> None:
        """Make `tensor` a view of the copy of the memory that `source` views."""
        self.tensors.append((tensor, place))
        self.source = source  # kept alive so that its address is not reused
        if self.copy is not None and self.start <= place.start and place.end <= self.end:
            self._show(tensor, place)
            return
        self.start = min(place.start, self.start) if self.copy is not None else place.start
        self.end = max(place.end, self.end)
        piece = (self.end - self.start,), (1,), self.start - place.start
        self.copy = local.mode.xp.copy(local.mode.xp.as_strided(source, *piece))
        for known, its_place in self.tensors:
            self._show(known, its_place)

    def _show(self, tensor: Any, place: _Place) -> None:
        geometry = place.shape, place.strides, place.start - self.start
        tensor._data = local.mode.xp.as_strided(self.copy, *geometry)


def copy_memory(source: Any, copied: Any, memo: dict) -> None:
    """Give `copied` a copy of the array of `source`, sharing memory already copied in `memo`.

    Unlike PyTorch, which copies the whole storage of a view, this copies only what tensors reach.
    """
    xp, array = local.mode.xp, source._data
    if not array.size:
        copied._data = xp.copy(array)
        return
    place = _Place(tuple(array.shape), xp.strides(array), xp.storage_offset(array))
    memory = xp.data_ptr(array) - place.start * source.dtype.itemsize, source.dtype
    regions = memo.setdefault("memory of tensors", {})
    regions.setdefault(memory, _Region()).place(copied, place, array)
