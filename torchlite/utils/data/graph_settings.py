"""Settings of all data pipes that make up a pipe: seeds, shuffling, sharding."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Iterator
from typing import Any

from torchlite.utils.data.datapipes.datapipe import IterDataPipe, MapDataPipe
from torchlite.utils.data.datapipes.iter import SHARDING_PRIORITIES, Shuffler
from torchlite.utils.data.sampler import draw_seed

__all__ = ["apply_random_seed", "apply_sharding", "apply_shuffle_settings"]


def _sources(value: Any) -> Iterator[Any]:
    """The pipes that are attributes of the pipe `value`, or items of its collections."""
    if isinstance(value, (IterDataPipe, MapDataPipe)):
        value = vars(value)
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, (list, tuple, set)):
        return
    for item in value:
        if isinstance(item, (IterDataPipe, MapDataPipe)):
            yield item
        else:
            yield from _sources(item)


def _all_pipes(pipe: Any, seen: set[int]) -> Iterator[Any]:
    """`pipe` and all pipes upstream of it, each once."""
    if id(pipe) not in seen:
        seen.add(id(pipe))
        yield pipe
        for source in _sources(pipe):
            yield from _all_pipes(source, seen)


def _with_methods(pipe: Any, *names: str) -> list:
    return [p for p in _all_pipes(pipe, set()) if all(_has_method(p, name) for name in names)]


def _has_method(pipe: Any, name: str) -> bool:
    return inspect.ismethod(getattr(pipe, name, None))


def apply_random_seed(datapipe: Any, rng: Any) -> Any:
    """Seed each pipe that has ``set_seed`` from the generator `rng`; returns the pipe."""
    for pipe in _with_methods(datapipe, "set_seed"):
        pipe.set_seed(draw_seed(rng))
    return datapipe


def apply_shuffle_settings(datapipe: Any, shuffle: bool | None = None) -> Any:
    """Switch shuffling in all pipes that support it; None leaves it unchanged. Returns the pipe.

    If there is none to switch on, warns and returns the pipe with a shuffler appended.
    """
    if shuffle is None:
        return datapipe
    shufflers = _with_methods(datapipe, "set_shuffle", "set_seed")
    if shuffle and not shufflers:
        warnings.warn(
            "`shuffle=True` was set, but the datapipe does not contain a `Shuffler`. Adding one at "
            "the end. Be aware that the default buffer size might not be sufficient for your task.",
            stacklevel=2,
        )
        return Shuffler(datapipe)
    for pipe in shufflers:
        pipe.set_shuffle(shuffle)
    return datapipe


def apply_sharding(datapipe: Any, num_of_instances: int, instance_id: int,
                   sharding_group: Any = SHARDING_PRIORITIES.DEFAULT) -> Any:  # fmt: skip
    """Call ``apply_sharding`` of each pipe that has it; returns the pipe.

    Raises: RuntimeError if one such pipe is upstream of another.
    """
    _shard(datapipe, (num_of_instances, instance_id), sharding_group, None)
    return datapipe


def _shard(pipe: Any, share: tuple[int, int], group: Any, outer: Any) -> None:
    if _has_method(pipe, "apply_sharding"):
        if outer is not None:
            raise RuntimeError(
                "Sharding twice on a single pipeline is likely unintended and will cause data "
                f"loss. Sharding already applied to {outer} while trying to apply to {pipe}"
            )
        takes_group = len(inspect.signature(pipe.apply_sharding).parameters) > 2
        pipe.apply_sharding(*share, *([group] if takes_group else []))
        outer = pipe
    for source in _sources(pipe):
        _shard(source, share, group, outer)
