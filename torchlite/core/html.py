"""The HTML representation of tensors and modules in notebooks."""

from __future__ import annotations

import html
from typing import Any

_MOST = 20  # rows or columns in a table


def tensor_html(tensor: Any) -> str:
    """A vector or matrix as a table, its middle elided if large; other tensors as text."""
    facts = f"{type(tensor).__name__} {tuple(tensor.shape)} {tensor.dtype}"
    facts += ", requires_grad" if tensor.requires_grad else ""
    caption = f"<small>{html.escape(facts)}</small>"
    if tensor.ndim not in (1, 2) or not tensor.numel():
        return f"<pre>{html.escape(repr(tensor))}</pre>{caption}"
    matrix = tensor.detach() if tensor.ndim == 2 else tensor.detach().unsqueeze(0)
    rows, columns = (_shown(n) for n in matrix.shape)
    lines = [[_cell(matrix, i, j) for j in columns] for i in rows]
    body = "".join(f"<tr>{''.join(f'<td>{c}</td>' for c in line)}</tr>" for line in lines)
    return f"<table>{body}</table>{caption}"


def _shown(count: int) -> list[int | None]:
    """The indices to show, with None where some are elided."""
    if count <= _MOST:
        return list(range(count))
    half = _MOST // 2
    return [*range(half), None, *range(count - half, count)]


def _cell(matrix: Any, i: int | None, j: int | None) -> str:
    if i is None or j is None:
        return "…"
    value = matrix[i, j].item()
    return f"{value:.4g}" if isinstance(value, (float, complex)) else str(value)


def module_html(module: Any) -> str:
    """The nested modules as a collapsible tree, with the number of parameters of each."""
    count = sum(p.numel() for p in module.parameters())
    text = html.escape(f"{type(module).__name__}({module.extra_repr()})")
    text += f" <small>{count:,} parameters</small>" if count else ""
    children = list(module.named_children())
    if not children:
        return text
    inner = "".join(f"<li>{html.escape(name)}: {module_html(m)}</li>" for name, m in children)
    return f"<details open><summary>{text}</summary><ul>{inner}</ul></details>"
