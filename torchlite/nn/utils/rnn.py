"""Sequences of different lengths: padded to one tensor, or packed without padding."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from torchlite import dtypes
from torchlite.core.tensor import Tensor
from torchlite.ops.creation.factories import arange, as_tensor, empty_like, full
from torchlite.ops.reduce.sorting import sort
from torchlite.ops.shape.joining import cat

if TYPE_CHECKING:
    from typing_extensions import Self


class _Packed(NamedTuple):
    data: Tensor
    batch_sizes: Tensor
    sorted_indices: Tensor | None
    unsorted_indices: Tensor | None


class PackedSequence(_Packed):
    """Sequences, longest first, stored step by step, as made by `pack_padded_sequence`.

    Attributes: ``data`` (sum of lengths, *); ``batch_sizes`` (longest,) int64, the number of
    sequences that reach each step; ``sorted_indices`` (B,), which sorts the sequences, and
    ``unsorted_indices``, its inverse; both None if they were sorted already.
    """

    __slots__ = ()

    def __new__(cls, data: Tensor, batch_sizes: Tensor | None = None,
                sorted_indices: Tensor | None = None,
                unsorted_indices: Tensor | None = None) -> Self:  # fmt: skip
        if batch_sizes is None:  # old programs pass both as a pair
            if not (isinstance(data, (list, tuple)) and len(data) == 2):
                raise AssertionError("Expected data to be a list or tuple of length 2")
            data, batch_sizes = data
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def __repr__(self) -> str:
        parts = [f"{name}={getattr(self, name)!r}" for name in self._fields]
        return f"{type(self).__name__}({', '.join(parts)})"

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """A copy with `data` converted by `Tensor.to`; itself if that changes nothing."""
        data = self.data.to(*args, **kwargs)
        return self if data is self.data else type(self)(data, *self[1:])

    def cpu(self, *args: Any, **kwargs: Any) -> Self:
        """A copy on the CPU; itself, as it already is there."""
        return self.to("cpu", *args, **kwargs)

    def cuda(self, *args: Any, **kwargs: Any) -> Self:
        """Raises like `Tensor.cuda`: there is no accelerator."""
        return type(self)(self.data.cuda(*args, **kwargs), *self[1:])

    def double(self) -> Self:
        """As float64."""
        return self.to(dtypes.float64)

    def float(self) -> Self:
        """As float32."""
        return self.to(dtypes.float32)

    def half(self) -> Self:
        """As float16."""
        return self.to(dtypes.float16)

    def long(self) -> Self:
        """As int64."""
        return self.to(dtypes.int64)

    def int(self) -> Self:
        """As int32."""
        return self.to(dtypes.int32)

    def short(self) -> Self:
        """As int16."""
        return self.to(dtypes.int16)

    def char(self) -> Self:
        """As int8."""
        return self.to(dtypes.int8)

    def byte(self) -> Self:
        """As uint8."""
        return self.to(dtypes.uint8)

    @property
    def is_cuda(self) -> bool:
        """False."""
        return self.data.is_cuda

    def pin_memory(self) -> Self:
        """A copy with the result of ``data.pin_memory()``."""
        return type(self)(self.data.pin_memory(), *self[1:])

    def is_pinned(self) -> bool:
        """As `Tensor.is_pinned`."""
        return self.data.is_pinned()


def invert_permutation(permutation: Tensor | None) -> Tensor | None:
    """The inverse of `permutation` (N,); None for None."""
    if permutation is None:
        return None
    places = arange(permutation.numel())
    return empty_like(permutation).scatter_(0, permutation, places.to(permutation.dtype))


def pack_padded_sequence(input: Tensor, lengths: Tensor | list[int], batch_first: bool = False,
                         enforce_sorted: bool = True) -> PackedSequence:  # fmt: skip
    """Pack padded sequences: keep only the steps within their lengths.

    Args:
        input: (T, B, *), or (B, T, *) if `batch_first`.
        lengths: (B,), positive, at most T.
        batch_first: Default: False.
        enforce_sorted: Require decreasing lengths; otherwise, sort the sequences. Default: True.

    Raises: RuntimeError for invalid lengths.
    """
    counts: Any = as_tensor(lengths, dtype=dtypes.int64)
    steps = input.transpose(0, 1) if batch_first else input
    _check_lengths(counts, steps)
    order = None
    if not enforce_sorted:
        counts, order = sort(counts, descending=True)
        steps = steps.index_select(1, order)
    elif (counts[1:] > counts[:-1]).any():
        raise RuntimeError(
            "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. You "
            "can pass `enforce_sorted=False` to pack_padded_sequence and/or pack_sequence to "
            "sidestep this requirement if you do not need ONNX exportability."
        )
    longest = int(counts[0])
    within = arange(longest).unsqueeze(1) < counts  # (T, B)
    return PackedSequence(steps[:longest][within], within.sum(1), order, None)


def _check_lengths(lengths: Tensor, steps: Tensor) -> None:
    if lengths.ndim != 1:
        raise RuntimeError(
            f"'lengths' argument should be a 1D CPU int64 tensor, but got {lengths.ndim}D cpu Long "
            "tensor"
        )
    length, batch = steps.shape[:2]
    if len(lengths) != batch:
        raise RuntimeError(
            f"Expected `len(lengths)` to be equal to batch_size, but got {len(lengths)} "
            f"(batch_size={batch})"
        )
    if not batch:
        raise RuntimeError("Cannot pack empty tensors.")
    if (lengths <= 0).any():
        raise RuntimeError(
            "Length of all samples has to be greater than 0, but found an element in 'lengths' "
            "that is <= 0"
        )
    if (lengths > length).any():
        raise RuntimeError(
            f"Expected lengths of at most {length}, the padded length of the input, but got "
            f"{int(lengths.max())}"
        )


def pad_packed_sequence(sequence: PackedSequence, batch_first: bool = False,
                        padding_value: float = 0.0,
                        total_length: int | None = None) -> tuple[Tensor, Tensor]:  # fmt: skip
    """The inverse of `pack_padded_sequence`: padded sequences, in the original order, and lengths.

    Args:
        sequence: Packed sequences.
        batch_first: Return (B, T, *) instead of (T, B, *). Default: False.
        padding_value: The value that follows the ends. Default: 0.
        total_length: T. Default: the greatest length.

    Raises: ValueError if `total_length` is less than the greatest length.
    """
    data, batch_sizes, _, order = sequence
    length = len(batch_sizes)
    if total_length is not None and total_length < length:
        raise ValueError(
            "Expected total_length to be at least the length of the longest sequence in input, but "
            f"got total_length={total_length} and max sequence length being {length}"
        )
    batch = int(batch_sizes[0])
    within = arange(batch) < batch_sizes.unsqueeze(1)  # (T, B)
    shape = (total_length or length, batch, *data.shape[1:])
    padded = full(shape, padding_value, dtype=data.dtype)
    padded[:length][within] = data
    lengths = within.sum(0)
    if order is not None:
        padded, lengths = padded.index_select(1, order), lengths[order]
    return (padded.transpose(0, 1) if batch_first else padded), lengths


def pad_sequence(sequences: Tensor | list[Tensor], batch_first: bool = False,
                 padding_value: float = 0.0, padding_side: str = "right") -> Tensor:  # fmt: skip
    """Pad sequences (L, *) to one tensor (T, B, *), where T is the greatest length.

    Args:
        sequences: B tensors whose shapes differ in the first dimension only.
        batch_first: Return (B, T, *). Default: False.
        padding_value: The value of the padding. Default: 0.
        padding_side: Where the padding goes: "right" or "left". Default: "right".

    Raises: RuntimeError for no sequences, another side or mismatched shapes; TypeError for
        anything that is not a tensor.
    """
    if not isinstance(sequences, Iterable):
        raise RuntimeError(
            "pad_sequence: Expected iterable for input sequences, but got arg of type: "
            f"{type(sequences)}"
        )
    parts = list(sequences)
    _check_sequences(parts, padding_side)
    lengths = as_tensor([len(part) for part in parts])
    longest = int(lengths.max())
    places, lengths = arange(longest), lengths.unsqueeze(1)
    within = places < lengths if padding_side == "right" else places >= longest - lengths  # (B, T)
    data = cat(parts)
    padded = full((len(parts), longest, *data.shape[1:]), padding_value, dtype=data.dtype)
    padded[within] = data
    return padded if batch_first else padded.transpose(0, 1)


def _check_sequences(parts: list[Any], side: str) -> None:
    if not parts:
        raise RuntimeError("received an empty list of sequences")
    if side not in ("left", "right"):
        raise RuntimeError(f"Expected padding_side to be one of left or right, but got {side}.")
    for i, part in enumerate(parts):
        if not isinstance(part, Tensor):
            raise TypeError(
                f"expected Tensor as element {i} in argument 0, but got {type(part).__name__}"
            )
        if part.shape[1:] != parts[0].shape[1:] or not part.ndim:
            raise RuntimeError(
                "pad_sequence: expected sequences whose shapes differ in the first dimension only, "
                f"but element 0 has shape {tuple(parts[0].shape)} and element {i} "
                f"{tuple(part.shape)}"
            )


def unpad_sequence(
    padded_sequences: Tensor, lengths: Tensor, batch_first: bool = False
) -> list[Tensor]:
    """The sequences (L, *) of a padded tensor (T, B, *), or (B, T, *), without their padding."""
    rows = padded_sequences if batch_first else padded_sequences.transpose(0, 1)
    counts = [int(length) for length in lengths]
    if len(counts) != len(rows):
        raise ValueError(f"expected {len(rows)} lengths, one per sequence, but got {len(counts)}")
    return [row[:count] for row, count in zip(rows, counts)]


def pack_sequence(sequences: list[Tensor], enforce_sorted: bool = True) -> PackedSequence:
    """Pack sequences (L, *) of different lengths; see `pack_padded_sequence`."""
    lengths = as_tensor([v.size(0) for v in sequences])
    return pack_padded_sequence(pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Tensor]:
    """The inverse of `pack_sequence`."""
    padded, lengths = pad_packed_sequence(packed_sequences, batch_first=True)
    return unpad_sequence(padded, lengths, batch_first=True)


__all__ = [
    "PackedSequence", "invert_permutation", "pack_padded_sequence", "pack_sequence",
    "pad_packed_sequence", "pad_sequence", "unpack_sequence", "unpad_sequence",
]  # fmt: skip
