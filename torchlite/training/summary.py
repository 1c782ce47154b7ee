"""`summary`: the structure of a model, layer by layer."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torchlite as torch
from torchlite import nn

#: Multiply-adds of one call, as a function of (module, output).
_WORK: dict[type, Callable[[Any, torch.Tensor], int]] = {
    nn.Linear: lambda m, out: out.numel() * m.in_features,
    nn.Bilinear: lambda m, out: out.numel() * m.in1_features * m.in2_features,
}
_WORK |= {
    kind: lambda m, out: out.numel() * math.prod(m.weight.shape[1:])
    for kind in (nn.Conv1d, nn.Conv2d, nn.Conv3d)
}
_WORK |= {  # each input element meets every kernel element
    kind: lambda m, out: out.numel() // m.out_channels * m.weight.numel() // math.prod(m.stride)
    for kind in (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
}


@dataclass
class Row:
    """One module: its output shape, its own parameters, and its multiply-adds."""

    name: str
    kind: str
    depth: int
    shape: Any = None
    parameters: int = 0
    work: int = 0


@dataclass
class Summary:
    """A table of the layers of a model, shown by ``print`` and in notebooks."""

    rows: list[Row]
    parameters: int
    trainable: int
    parameter_bytes: int
    output_bytes: int = 0
    input_shapes: list[tuple] = field(default_factory=list)

    @property
    def work(self) -> int:
        """Multiply-adds of one forward pass."""
        return sum(row.work for row in self.rows)

    def _cells(self) -> list[list[str]]:
        head = ["Layer", "Output shape", "Parameters", "Multiply-adds"]
        body = [
            ["  " * row.depth + (f"{row.name}: " if row.name else "") + row.kind,
             "-" if row.shape is None else str(row.shape),
             f"{row.parameters:,}" if row.parameters else "-",
             f"{row.work:,}" if row.work else "-"]
            for row in self.rows
        ]  # fmt: skip
        return [head, *body]

    def _totals(self) -> list[str]:
        return [
            f"Parameters: {self.parameters:,} ({self.trainable:,} trainable, "
            f"{_size(self.parameter_bytes)})",
            f"Multiply-adds: {self.work:,}",
            f"Outputs of all layers: {_size(self.output_bytes)}",
        ]

    def __str__(self) -> str:
        cells = self._cells()
        widths = [max(len(line[i]) for line in cells) for i in range(4)]
        lines = ["  ".join(
            cell.ljust(width) if i < 2 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths))
        ).rstrip() for line in cells]  # fmt: skip
        rule = "-" * max(map(len, lines))
        return "\n".join([lines[0], rule, *lines[1:], rule, *self._totals()])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return f"<pre>{self}</pre>"


def _size(count: float) -> str:
    for unit in ("bytes", "kB", "MB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} GB"


def summary(model: nn.Module, input_size: Any = None, *, input_data: Any = None,
            dtypes: Sequence[torch.dtype] | None = None) -> Summary:  # fmt: skip
    """The layers of `model` with the shapes of their outputs, parameters and multiply-adds.

    Args:
        input_size: The shape of the input, batch dimension included, or a list of shapes for
            several inputs; the model is called once with zeros, in evaluation mode.
        input_data: A tensor, or a tuple of them, instead.
        dtypes: The dtypes of the inputs in `input_size`. Default: the default dtype.

    Multiply-adds are counted for linear and convolution layers, which do nearly all of them.
    """
    inputs = _inputs(input_size, input_data, dtypes)
    paths = {id(module): name for name, module in model.named_modules()}
    rows = {
        id(module): Row(
            paths[id(module)].rpartition(".")[2], type(module).__name__,
            paths[id(module)].count(".") + bool(paths[id(module)]),
            parameters=sum(p.numel() for p in module.parameters(recurse=False)),
        )
        for module in model.modules()
    }  # fmt: skip
    parameters = list(model.parameters())
    result = Summary(
        list(rows.values()),
        sum(p.numel() for p in parameters),
        sum(p.numel() for p in parameters if p.requires_grad),
        sum(p.nbytes for p in parameters),
        input_shapes=[tuple(x.shape) for x in inputs],
    )
    if inputs:
        _call(model, inputs, rows, result)
    return result


def _inputs(size: Any, data: Any, dtypes: Sequence[torch.dtype] | None) -> tuple:
    if data is not None:
        return data if isinstance(data, tuple) else (data,)
    if size is None:
        return ()
    sizes = [size] if not size or isinstance(size[0], int) else size
    kinds = dtypes or [torch.get_default_dtype()] * len(sizes)
    return tuple(torch.zeros(tuple(shape), dtype=kind) for shape, kind in zip(sizes, kinds))


def _call(model: nn.Module, inputs: tuple, rows: dict[int, Row], result: Summary) -> None:
    """Call the model once and record the output of each module."""

    def note(module: nn.Module, args: Any, output: Any) -> None:
        first = output[0] if isinstance(output, (tuple, list)) else output
        if not isinstance(first, torch.Tensor):
            return
        row = rows[id(module)]
        row.shape = tuple(first.shape)
        row.work += _WORK.get(type(module), lambda m, out: 0)(module, first)
        if not any(True for _ in module.children()):
            result.output_bytes += first.nbytes

    handles = [module.register_forward_hook(note) for module in model.modules()]
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        with torch.no_grad():
            model(*inputs)
    finally:
        for handle in handles:
            handle.remove()
        for module, mode in modes:
            module.training = mode
