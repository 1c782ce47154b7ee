"""The named tuples that operations with several results return: ``torch.return_types``."""

from __future__ import annotations

from collections import namedtuple
from typing import Any


def _repr(self: Any) -> str:
    fields = ",\n".join(f"{name}={value!r}" for name, value in zip(self._fields, self))
    return f"torch.return_types.{type(self).__name__}(\n{fields})"


def _named(name: str, fields: str) -> type:
    kind = namedtuple(name, fields, module=__name__)  # type: ignore[misc]
    kind.__repr__ = _repr  # type: ignore[method-assign, assignment]
    return kind


max, min, cummax, cummin = (
    _named(name, "values indices") for name in ("max", "min", "cummax", "cummin")
)
sort, topk, kthvalue, median, nanmedian, mode = (
    _named(name, "values indices")
    for name in ("sort", "topk", "kthvalue", "median", "nanmedian", "mode")
)
aminmax = _named("aminmax", "min max")

# --- linear algebra: functions of `torch.linalg`, and their older equivalents -------------------

qr, linalg_qr = _named("qr", "Q R"), _named("linalg_qr", "Q R")
svd, linalg_svd = _named("svd", "U S V"), _named("linalg_svd", "U S Vh")
slogdet, linalg_slogdet = (_named(name, "sign logabsdet") for name in ("slogdet", "linalg_slogdet"))
linalg_eig, linalg_eigh = (
    _named(name, "eigenvalues eigenvectors") for name in ("linalg_eig", "linalg_eigh")
)
linalg_cholesky_ex = _named("linalg_cholesky_ex", "L info")
linalg_inv_ex = _named("linalg_inv_ex", "inverse info")
linalg_solve_ex = _named("linalg_solve_ex", "result info")
lu_unpack, linalg_lu = _named("lu_unpack", "P L U"), _named("linalg_lu", "P L U")
linalg_lu_factor = _named("linalg_lu_factor", "LU pivots")
linalg_lu_factor_ex = _named("linalg_lu_factor_ex", "LU pivots info")
linalg_ldl_factor = _named("linalg_ldl_factor", "LD pivots")
linalg_ldl_factor_ex = _named("linalg_ldl_factor_ex", "LD pivots info")
linalg_lstsq = _named("linalg_lstsq", "solution residuals rank singular_values")
geqrf = _named("geqrf", "a tau")
triangular_solve = _named("triangular_solve", "solution cloned_coefficient")
histogram, histogramdd = (_named(name, "hist bin_edges") for name in ("histogram", "histogramdd"))
