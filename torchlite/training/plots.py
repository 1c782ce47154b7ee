"""Plots of what a model has learned; each function returns a matplotlib ``Figure``.

They need no display: ``figure.savefig("loss.png")`` works everywhere, and a notebook shows a
figure by itself. matplotlib is an extra: ``pip install 'torchlite[plot]'``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torchlite as torch

try:
    from matplotlib.figure import Figure
except ImportError as error:
    raise ImportError(
        "torchlite.training.plots needs matplotlib: pip install 'torchlite[plot]'"
    ) from error

Tensor = torch.Tensor


def _list(values: Any) -> Any:
    """A tensor as nested lists; anything else unchanged."""
    return values.detach().tolist() if isinstance(values, torch.Tensor) else values


def _one(size: tuple[float, float] = (6, 4)) -> tuple[Figure, Any]:
    figure = Figure(figsize=size, layout="constrained")
    return figure, figure.subplots()


def loss_curves(history: Mapping[str, Sequence[float]], names: Sequence[str] = ("loss",),
                log: bool = False) -> Figure:  # fmt: skip
    """The metrics `names` of a history by epoch, each with its ``val_`` counterpart if any."""
    figure, axes = _one()
    for number, name in enumerate(names):
        for key, style in ((name, "-"), (f"val_{name}", "--")):
            if key in history:
                values = history[key]
                epochs = range(1, len(values) + 1)
                axes.plot(epochs, values, style, color=f"C{number}", marker=".", label=key)
    axes.set(xlabel="epoch", yscale="log" if log else "linear")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.legend()
    axes.grid(alpha=0.3)
    return figure


def curves(lines: Mapping[str, Sequence[float]], xlabel: str = "step", ylabel: str = "loss",
           log: bool = False) -> Figure:  # fmt: skip
    """Several named lines, over x = 1, 2, ..."""
    figure, axes = _one()
    for name, values in lines.items():
        axes.plot(range(1, len(values) + 1), values, label=name)
    axes.set(xlabel=xlabel, ylabel=ylabel, yscale="log" if log else "linear")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.legend()
    axes.grid(alpha=0.3)
    return figure


def confusion_matrix(matrix: Any, labels: Sequence[str] | None = None) -> Figure:
    """How often each class (row) was predicted as each (column), shaded by fraction of the row."""
    rows = _list(matrix)
    names = labels or [str(i) for i in range(len(rows))]
    figure, axes = _one((1.5 + 0.5 * len(rows), 1 + 0.5 * len(rows)))
    shares = [[count / max(sum(row), 1) for count in row] for row in rows]
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for i, row in enumerate(rows):
        for j, count in enumerate(row):
            color = "white" if shares[i][j] > 0.5 else "black"
            axes.text(j, i, str(count), ha="center", va="center", color=color, fontsize=8)
    axes.set(xlabel="predicted", ylabel="true")
    axes.set_xticks(range(len(names)), names)
    axes.set_yticks(range(len(names)), names)
    figure.colorbar(image, label="fraction of the class")
    return figure


def per_class_accuracy(matrix: Any, labels: Sequence[str] | None = None) -> Figure:
    """The accuracy on each class, and over all classes, from a confusion matrix."""
    rows = _list(matrix)
    names = labels or [str(i) for i in range(len(rows))]
    shares = [row[i] / max(sum(row), 1) for i, row in enumerate(rows)]
    total = sum(row[i] for i, row in enumerate(rows)) / max(sum(map(sum, rows)), 1)
    figure, axes = _one()
    axes.bar(names, shares, color="C0", alpha=0.6)
    for i, share in enumerate(shares):  # at the foot of the bar, clear of the line
        axes.text(i, 0.02, f"{share:.1%}", transform=axes.get_xaxis_transform(), ha="center",
                  fontsize=7)  # fmt: skip
    axes.axhline(total, color="C1", linestyle="--", label=f"all: {total:.2%}")
    least = min(shares, default=0.0)
    axes.set(xlabel="class", ylabel="accuracy", ylim=(max(0.0, 2 * least - 1.05), 1.01))
    figure.legend(loc="outside upper right")
    return figure


def gallery(images: Tensor, true: Any, predicted: Any, limit: int = 25,
            labels: Sequence[str] | None = None) -> Figure:  # fmt: skip
    """The misclassified among the images (N, H, W) or (N, 1 or 3, H, W).

    The first `limit` of them, each with its true and its predicted class.
    """
    true, predicted = _list(true), _list(predicted)
    wrong = [i for i, (a, b) in enumerate(zip(true, predicted)) if a != b]
    shown = wrong[:limit]
    name = labels.__getitem__ if labels else str
    captions = [f"{name(true[i])} → {name(predicted[i])}" for i in shown]
    title = f"{len(wrong)} of {len(true)} wrong" + (", the first:" if shown else "")
    return image_grid([images[i] for i in shown], captions, title)


def image_grid(images: Sequence[Tensor] | Tensor, captions: Sequence[str] = (),
               title: str = "") -> Figure:  # fmt: skip
    """Images (H, W) or (1 or 3, H, W) in a roughly square grid, each scaled to its own range."""
    columns = math.ceil(math.sqrt(max(len(images), 1)))
    rows = math.ceil(max(len(images), 1) / columns)
    height = (1.5 if captions else 1.3) * rows
    figure = Figure(figsize=(1.3 * columns, height + 0.4 * bool(title)), layout="constrained")
    figure.suptitle(title)
    for number, image in enumerate(images):
        axes = figure.add_subplot(rows, columns, number + 1)
        axes.imshow(_pixels(image), cmap="gray_r")
        axes.set_title(captions[number] if captions else "", fontsize=9)
        axes.axis("off")
    return figure


def _pixels(image: Tensor) -> Any:
    """(H, W) or (1, H, W) unchanged, (3, H, W) scaled to [0, 1] as (H, W, 3)."""
    image = image.detach()
    if image.ndim == 2:
        return image.tolist()
    if image.shape[0] == 1:
        return image[0].tolist()
    low, high = image.amin(), image.amax()
    return ((image - low) / (high - low).clamp(min=1e-12)).permute(1, 2, 0).tolist()


def loss_surface(loss: Callable[[float, float], Any], path: Sequence[tuple[float, float]],
                 names: tuple[str, str] = ("w0", "w1"), margin: float = 0.5,
                 points: int = 40) -> Figure:  # fmt: skip
    """Contours of ``loss(a, b)`` over two weights, with the path that gradient descent took.

    The window is the path's range, widened by the fraction `margin` on each side.
    """
    spans = [_span([step[k] for step in path], margin, points) for k in (0, 1)]
    heights = [[float(loss(a, b)) for a in spans[0]] for b in spans[1]]
    figure, axes = _one((6, 5))
    filled = axes.contourf(spans[0], spans[1], heights, levels=25, cmap="viridis")
    axes.contour(spans[0], spans[1], heights, levels=25, colors="white", linewidths=0.3)
    figure.colorbar(filled, label="loss")
    axes.plot([a for a, _ in path], [b for _, b in path], "r.-", markersize=4, linewidth=1)
    axes.plot(*path[0], "wo", markeredgecolor="black", label="start")
    axes.plot(*path[-1], "w*", markeredgecolor="black", markersize=13, label="end")
    axes.set(xlabel=names[0], ylabel=names[1])
    axes.legend()
    return figure


def _span(values: Sequence[float], margin: float, points: int) -> list[float]:
    low, high = min(values), max(values)
    wide = (high - low) * margin or 1.0
    low, high = low - wide, high + wide
    return [low + (high - low) * i / (points - 1) for i in range(points)]


def predicted_and_true(predicted: Any, true: Any, name: str = "value") -> Figure:
    """A point per example of a regression, (N,) or (N, 1); correct predictions lie on the line."""
    predicted, true = (torch.as_tensor(values).reshape(-1).tolist() for values in (predicted, true))
    figure, axes = _one((5, 5))
    axes.plot(true, predicted, ".", alpha=0.3, markersize=4)
    axes.axline((true[0], true[0]), slope=1, color="black", linewidth=1, label="right")
    axes.set(xlabel=f"true {name}", ylabel=f"predicted {name}", aspect="equal")
    axes.legend()
    return figure


def attention_maps(weights: Tensor, tokens: Sequence[str] | None = None) -> Figure:
    """The attention weights (heads, L, S) or (L, S): row i is what token i attends to."""
    maps = weights.detach() if weights.ndim == 3 else weights.detach().unsqueeze(0)
    figure = Figure(figsize=(3.2 * len(maps), 3.4), layout="constrained")
    for head, one in enumerate(maps):
        axes = figure.add_subplot(1, len(maps), head + 1)
        axes.imshow(one.tolist(), cmap="magma", vmin=0, vmax=1)
        axes.set_title(f"head {head}", fontsize=9)
        if tokens is not None:
            axes.set_xticks(range(one.shape[1]), tokens[: one.shape[1]], fontsize=7)
            axes.set_yticks(range(one.shape[0]), tokens[: one.shape[0]], fontsize=7)
    return figure


def decision_boundary(predict: Callable[[Tensor], Tensor], x: Tensor, y: Any,
                      names: tuple[str, str] = ("x0", "x1"),
                      points: int = 80) -> Figure:  # fmt: skip
    """The score of class 1, ``predict((N, 2)) -> (N,)``, over the plane, with the examples."""
    spans = [_span(_list(x[:, k]), 0.1, points) for k in (0, 1)]
    grid = torch.tensor([[a, b] for b in spans[1] for a in spans[0]])
    scores = _list(predict(grid).reshape(points, points))
    figure, axes = _one((6, 5))
    filled = axes.contourf(spans[0], spans[1], scores, levels=20, cmap="RdBu_r", alpha=0.8)
    axes.contour(spans[0], spans[1], scores, levels=[0.5], colors="black")
    figure.colorbar(filled, label="score of class 1")
    classes = _list(torch.as_tensor(y).reshape(-1))
    for value, mark in ((0, "bo"), (1, "rx")):
        chosen = [row for row, c in zip(_list(x), classes) if round(c) == value]
        axes.plot([a for a, _ in chosen], [b for _, b in chosen], mark, markersize=4,
                  label=f"class {value}")  # fmt: skip
    axes.set(xlabel=names[0], ylabel=names[1])
    axes.legend()
    return figure
