"""The deprecated forms of a loss's `reduction`."""

from __future__ import annotations

import warnings


def legacy_get_string(size_average: bool | None, reduce: bool | None) -> str:
    """The `reduction` that `size_average` and `reduce` (each True by default) mean; warns."""
    if reduce is False:
        reduction = "none"
    else:
        reduction = "sum" if size_average is False else "mean"
    warnings.warn(
        "size_average and reduce args will be deprecated, "
        f"please use reduction='{reduction}' instead.",
        stacklevel=3,
    )
    return reduction
