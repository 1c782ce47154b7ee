"""Collating a list of samples into one batch."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from torchlite import dtypes
from torchlite.core.tensor import Tensor
from torchlite.ops.creation.factories import as_tensor, tensor
from torchlite.ops.shape.joining import stack
from torchlite.utils.data.dataset import Rows


def default_collate(batch: Sequence[Any]) -> Any:
    """Collate `batch`, a sequence of samples of the same structure, into one batch.

    Tensors and arrays are stacked along a new first dimension, numbers become a tensor (float64 for
    Python floats), strings and bytes stay a list; dicts, tuples and lists are collated by entry: a
    dict of batches, a named tuple of batches, else a list of batches.
    Raises: RuntimeError for samples of different sizes; TypeError for other types.
    """
    if type(batch) is Rows:
        return list(batch.columns)
    first = batch[0]
    if isinstance(first, Tensor):
        return stack(list(batch), 0)
    if _is_array(first):
        return stack([as_tensor(x) for x in batch], 0)
    if isinstance(first, float):
        return tensor(batch, dtype=dtypes.float64)
    if isinstance(first, int):
        return tensor(batch)
    if isinstance(first, (str, bytes)):
        return batch
    if isinstance(first, Mapping):
        return _like(first, {key: default_collate([d[key] for d in batch]) for key in first})
    if isinstance(first, Sequence):
        return _collate_sequences(batch, first)
    raise TypeError(
        "default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; "
        f"found {type(first)}"
    )


def _collate_sequences(batch: Sequence[Any], first: Sequence) -> Any:
    if any(len(sample) != len(first) for sample in batch):
        raise RuntimeError("each element in list of batch should be of equal size")
    columns = list(zip(*batch))
    if hasattr(first, "_fields"):
        return type(first)(*map(default_collate, columns))
    return [default_collate(column) for column in columns]


def default_convert(data: Any) -> Any:
    """`data` with its arrays, at any depth, as tensors; anything else unchanged."""
    if isinstance(data, (Tensor, str, bytes)):
        return data
    if _is_array(data):
        return as_tensor(data)
    if isinstance(data, Mapping):
        return _like(data, {key: default_convert(value) for key, value in data.items()})
    if isinstance(data, tuple) and hasattr(data, "_fields"):
        return type(data)(*map(default_convert, data))
    if isinstance(data, Sequence):
        return [default_convert(item) for item in data]
    return data


def _like(example: Mapping, values: dict) -> Any:
    """A mapping of the type of `example` with these values."""
    if type(example) is dict or not hasattr(example, "update"):
        return values
    result = copy.copy(example)
    result.update(values)
    return result


def _is_array(value: Any) -> bool:
    """Whether `value` is a numeric NumPy array or scalar (this file does not import NumPy)."""
    if type(value).__module__ != "numpy":
        return False
    kind = getattr(getattr(value, "dtype", None), "kind", "O")
    return kind in "biufc"
