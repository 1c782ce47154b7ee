"""The named tuples that operations with several results return: ``torch.return_types``."""

# ruff: noqa: UP014 -- a line for each

from typing import Any, NamedTuple

from torchlite.core.tensor import Tensor as T

max = NamedTuple("max", [("values", T), ("indices", T)])
min = NamedTuple("min", [("values", T), ("indices", T)])
cummax = NamedTuple("cummax", [("values", T), ("indices", T)])
cummin = NamedTuple("cummin", [("values", T), ("indices", T)])
sort = NamedTuple("sort", [("values", T), ("indices", T)])
topk = NamedTuple("topk", [("values", T), ("indices", T)])
kthvalue = NamedTuple("kthvalue", [("values", T), ("indices", T)])
median = NamedTuple("median", [("values", T), ("indices", T)])
nanmedian = NamedTuple("nanmedian", [("values", T), ("indices", T)])
mode = NamedTuple("mode", [("values", T), ("indices", T)])
aminmax = NamedTuple("aminmax", [("min", T), ("max", T)])
histogram = NamedTuple("histogram", [("hist", T), ("bin_edges", T)])
histogramdd = NamedTuple("histogramdd", [("hist", T), ("bin_edges", tuple[T, ...])])


# --- linear algebra: functions of `torch.linalg`, and older ones of the same purpose ------------
qr = NamedTuple("qr", [("Q", T), ("R", T)])
linalg_qr = NamedTuple("linalg_qr", [("Q", T), ("R", T)])
svd = NamedTuple("svd", [("U", T), ("S", T), ("V", T)])
linalg_svd = NamedTuple("linalg_svd", [("U", T), ("S", T), ("Vh", T)])
slogdet = NamedTuple("slogdet", [("sign", T), ("logabsdet", T)])
linalg_slogdet = NamedTuple("linalg_slogdet", [("sign", T), ("logabsdet", T)])
linalg_eig = NamedTuple("linalg_eig", [("eigenvalues", T), ("eigenvectors", T)])
linalg_eigh = NamedTuple("linalg_eigh", [("eigenvalues", T), ("eigenvectors", T)])
linalg_cholesky_ex = NamedTuple("linalg_cholesky_ex", [("L", T), ("info", T)])
linalg_inv_ex = NamedTuple("linalg_inv_ex", [("inverse", T), ("info", T)])
linalg_solve_ex = NamedTuple("linalg_solve_ex", [("result", T), ("info", T)])
lu_unpack = NamedTuple("lu_unpack", [("P", T), ("L", T), ("U", T)])
linalg_lu = NamedTuple("linalg_lu", [("P", T), ("L", T), ("U", T)])
linalg_lu_factor = NamedTuple("linalg_lu_factor", [("LU", T), ("pivots", T)])
linalg_lu_factor_ex = NamedTuple("linalg_lu_factor_ex", [("LU", T), ("pivots", T), ("info", T)])
linalg_ldl_factor = NamedTuple("linalg_ldl_factor", [("LD", T), ("pivots", T)])
linalg_ldl_factor_ex = NamedTuple("linalg_ldl_factor_ex", [("LD", T), ("pivots", T), ("info", T)])
linalg_lstsq = NamedTuple(
    "linalg_lstsq", [("solution", T), ("residuals", T), ("rank", T), ("singular_values", T)]
)
geqrf = NamedTuple("geqrf", [("a", T), ("tau", T)])
triangular_solve = NamedTuple("triangular_solve", [("solution", T), ("cloned_coefficient", T)])

__all__ = [name for name, kind in vars().items() if hasattr(kind, "_fields")]


def _repr(self: Any) -> str:
    fields = ",\n".join(f"{name}={value!r}" for name, value in zip(self._fields, self))
    return f"torch.return_types.{type(self).__name__}(\n{fields})"


for _name in __all__:
    setattr(globals()[_name], "__repr__", _repr)  # noqa: B010  (named tuples, to a type checker)
