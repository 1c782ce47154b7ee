"""`detect_anomaly`: find the forward operation whose gradient fails."""

from __future__ import annotations

import sys
import traceback
import warnings
from collections.abc import Sequence
from typing import Any

from torchlite import dtypes
from torchlite.backends.registry import local
from torchlite.core.graph import Identity, Node, Output
from torchlite.ops.core import op


class _State:
    """Shared by all threads, as in PyTorch."""

    enabled = False
    check_nan = False  # never without `enabled`


state = _State()


def is_anomaly_enabled() -> bool:
    """Whether anomaly detection is on."""
    return state.enabled


def is_anomaly_check_nan_enabled() -> bool:
    """Whether anomaly detection is on and looks for NaN."""
    return state.check_nan


class set_detect_anomaly:
    """Turn anomaly detection on or off; as a context manager, for the block only.

    While it is on, operations record where they were called; backward shows that traceback in a
    warning when a gradient fails or, with `check_nan`, is NaN. Slow: for debugging only.
    """

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self._previous = state.enabled, state.check_nan
        _switch(mode, check_nan)

    def __enter__(self) -> None:
        """Nothing to do: the constructor has set the mode."""

    def __exit__(self, *exc: object) -> None:
        _switch(*self._previous)


class detect_anomaly:
    """Context manager in which anomaly detection is on: see `set_detect_anomaly`."""

    def __init__(self, check_nan: bool = True) -> None:
        self._check_nan = check_nan
        warnings.warn(
            "Anomaly Detection has been enabled. This mode will increase the runtime and should "
            "only be enabled for debugging.",
            stacklevel=2,
        )

    def __enter__(self) -> None:
        self._setting = set_detect_anomaly(True, self._check_nan)

    def __exit__(self, *exc: object) -> None:
        self._setting.__exit__()


def _switch(mode: bool, check_nan: bool) -> None:
    if bool(mode) is not state.enabled:
        op.watch(_remember, bool(mode))
    state.enabled, state.check_nan = bool(mode), bool(mode and check_nan)


def _remember(node: Node) -> None:
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("torchlite."):
        frame = frame.f_back
    node.metadata["traceback_"] = traceback.format_stack(frame)


def check(node: Node, grads: Sequence[Any]) -> None:
    """Raise RuntimeError (as PyTorch) if one of `grads`, computed by `node`, holds a NaN."""
    if isinstance(node, (Output, Identity)):
        return
    xp = local.mode.xp
    for k, g in enumerate(grads):
        array = getattr(g, "_data", g)
        if g is None or dtypes.of(xp.asarray(array)).category < dtypes.FLOAT:
            continue
        if xp.any_true(xp.isnan(xp.asarray(array))):
            raise RuntimeError(f"Function '{node.name()}' returned nan values in its {k}th output.")


def explain(node: Node) -> None:
    """If anomaly detection is on, warn that `node` failed and show where forward made it."""
    if not state.enabled:
        return
    if isinstance(node, Output):
        node = node.edges[0]
    lines = node.metadata.get("traceback_")
    if lines is None:
        text = (
            "No forward pass information available. Enable detect anomaly during forward pass for "
            "more information."
        )
    else:
        text = f"Traceback of forward call that caused the error:\n{''.join(lines)}"
    warnings.warn(f"Error detected in {node.name()}. {text}", stacklevel=2)


__all__ = [
    "detect_anomaly", "is_anomaly_check_nan_enabled", "is_anomaly_enabled", "set_detect_anomaly",
]  # fmt: skip
