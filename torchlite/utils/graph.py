"""Viewing the autograd graph of a tensor as text, Graphviz source or HTML.

This is what ``loss.backward()`` walks: each node is an operation, with edges to the nodes of its
operands; leaves are the tensors that accumulate gradients.
"""

from __future__ import annotations

import html
from collections.abc import Iterator
from typing import Any

from torchlite.core.tensor import Tensor
from torchlite.nn import Module


class Graph:
    """The nodes that lead to a tensor, newest first; made by `graph`.

    ``print(graph(loss))`` shows text, ``graph(loss).dot()`` is Graphviz source, and a notebook
    shows the HTML.
    """

    def __init__(self, tensor: Tensor, names: dict[int, str]) -> None:
        self._names = names
        self._root = tensor.grad_fn if tensor.grad_fn is not None else tensor
        self._nodes = sorted(_reach(self._root), key=lambda node: -node._number)
        self._numbers = {node: i for i, node in enumerate(self._nodes)}

    def __len__(self) -> int:
        return len(self._nodes)

    def label(self, node: Any) -> str:
        """``MulBackward0``, or the name and shape of a leaf tensor."""
        if not isinstance(node, Tensor):
            return node.name()
        name = self._names.get(id(node), "leaf")
        return f"{name} {tuple(node.shape)}"

    def _edges(self) -> Iterator[tuple[int, int]]:
        for node in self._nodes:
            for edge in _edges_of(node):
                yield self._numbers[node], self._numbers[edge]

    def __str__(self) -> str:
        """One line per node, in the order in which backward visits them, with its edges."""
        lines = []
        for i, node in enumerate(self._nodes):
            targets = ", ".join(str(self._numbers[edge]) for edge in _edges_of(node))
            lines.append(f"{i:4}  {self.label(node)}" + (f"  -> {targets}" if targets else ""))
        return "\n".join(lines)

    __repr__ = __str__

    def dot(self) -> str:
        """Source for Graphviz: ``dot -Tsvg``."""
        lines = ["digraph autograd {", '  node [shape=box, fontname="sans-serif"];']
        for i, node in enumerate(self._nodes):
            style = ", style=filled, fillcolor=lightblue" if isinstance(node, Tensor) else ""
            text = self.label(node).replace('"', "'")
            lines.append(f'  n{i} [label="{text}"{style}];')
        lines += [f"  n{a} -> n{b};" for a, b in self._edges()]
        return "\n".join([*lines, "}"])

    def _repr_html_(self) -> str:
        """Nested lists; a node with several parents is expanded only once."""
        seen: set[int] = set()
        parts: list[str] = []
        stack: list[Any] = [self._root]
        while stack:  # no recursion: graphs of recurrent networks are deep
            node = stack.pop()
            if isinstance(node, str):
                parts.append(node)
                continue
            i = self._numbers[node]
            text = html.escape(self.label(node))
            edges = _edges_of(node)
            if i in seen or not edges:
                parts.append(f"<li>{i}: {text}{' (see above)' if i in seen and edges else ''}</li>")
                continue
            seen.add(i)
            parts.append(f"<li><details open><summary>{i}: {text}</summary><ul>")
            stack += ["</ul></details></li>", *reversed(edges)]
        return "<ul>" + "".join(parts) + "</ul>"

    def to_html(self, path: Any) -> None:
        """Write an HTML page."""
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"<!doctype html><title>autograd graph</title>{self._repr_html_()}")


def graph(tensor: Tensor, parameters: Module | dict[str, Tensor] | None = None) -> Graph:
    """The autograd graph of `tensor`.

    Args:
        parameters: A module, or {name: tensor}, which names the leaves.
    Raises: RuntimeError if the tensor does not require grad and so has no graph.
    """
    if not tensor.requires_grad:
        raise RuntimeError("the tensor does not require grad, so it has no graph")
    if isinstance(parameters, Module):
        parameters = dict(parameters.named_parameters())
    return Graph(tensor, {id(p): name for name, p in (parameters or {}).items()})


def _edges_of(node: Any) -> list[Any]:
    return [] if isinstance(node, Tensor) else [e for e in node.edges if e is not None]


def _reach(root: Any) -> set[Any]:
    stack, seen = [root], set()
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            stack += _edges_of(node)
    return seen
