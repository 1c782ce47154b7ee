"""The contract of a backend: primitives that it must provide, on arrays of its own type.

Who calls a primitive has already promoted the dtypes, checked the shapes and made every dimension
non-negative: a backend holds kernels and nothing else. An *array* is whatever the backend likes,
as long as it has ``shape`` (a tuple), ``ndim``, ``size`` and a hashable ``dtype`` registered with
`torchlite.dtypes.register`. Where two arrays meet, either may be a Python number, which takes the
dtype of the other (it is known to fit); shapes broadcast. A result with no dimensions may be a
scalar of the array library: `asarray` makes an array of it. Results are new arrays or views; no
primitive changes its input, except `copyto` and the optimizer steps.

`Backend` is complete but for the primitives: every composite of `torchlite.backends.composites`
has a default body.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from torchlite.backends.composites import Composites
from torchlite.errors import BackendError

Array = Any
Axes = "int | tuple[int, ...] | None"

#: Elementwise primitives: name -> (number of operands, meaning). ``where``'s first operand is bool.
ELEMENTWISE = {
    # one operand, any number type
    "positive": (1, "x"),
    "neg": (1, "-x"),
    "abs": (1, "|x|; real for complex x"),
    "sign": (1, "-1, 0 or 1; 0 at NaN"),
    "sgn": (1, "x / |x|, 0 at 0"),
    "square": (1, "x * x"),
    "floor": (1, "greatest integer <= x"),
    "ceil": (1, "least integer >= x"),
    "trunc": (1, "integer part"),
    "round": (1, "nearest integer, halves to even"),
    "isnan": (1, "bool"),
    "isinf": (1, "bool"),
    "isfinite": (1, "bool"),
    "conj": (1, "complex conjugate; x itself if real"),
    "real": (1, "real part"),
    "imag": (1, "imaginary part"),
    "angle": (1, "argument of a complex number; 0 or pi for real ones, NaN at NaN"),
    "logical_not": (1, "bool"),
    "bitwise_not": (1, "of integers; logical for bool"),
    # one operand, floating point or complex
    "sqrt": (1, "square root"),
    "rsqrt": (1, "1 / sqrt(x)"),
    "reciprocal": (1, "1 / x"),
    "exp": (1, "e**x"),
    "exp2": (1, "2**x"),
    "expm1": (1, "e**x - 1"),
    "log": (1, "natural logarithm"),
    "log2": (1, "logarithm to base 2"),
    "log10": (1, "logarithm to base 10"),
    "log1p": (1, "log(1 + x)"),
    "sin": (1, ""),
    "cos": (1, ""),
    "tan": (1, ""),
    "asin": (1, ""),
    "acos": (1, ""),
    "atan": (1, ""),
    "sinh": (1, ""),
    "cosh": (1, ""),
    "tanh": (1, ""),
    "asinh": (1, ""),
    "acosh": (1, ""),
    "atanh": (1, ""),
    "erf": (1, "error function; real"),
    "erfc": (1, "1 - erf(x), accurate for large x; real"),
    "erfinv": (1, "inverse of erf; real"),
    "lgamma": (1, "log |gamma(x)|; real"),
    "digamma": (1, "derivative of lgamma; real"),
    "erfcx": (1, "e**(x*x) erfc(x); real"),
    "ndtri": (1, "quantile of the normal distribution; real"),
    "log_ndtr": (1, "logarithm of the distribution function of the normal distribution; real"),
    "bessel_j0": (1, "Bessel function of the first kind of order 0; real, as all of these"),
    "bessel_j1": (1, "of order 1"),
    "bessel_y0": (1, "Bessel function of the second kind of order 0"),
    "bessel_y1": (1, "of order 1"),
    "scaled_modified_bessel_k0": (1, "e**x K0(x), the modified function of the second kind"),
    "scaled_modified_bessel_k1": (1, "e**x K1(x)"),
    "airy_ai": (1, "Airy function"),
    # two operands
    "add": (2, "a + b; logical or for bool"),
    "sub": (2, "a - b"),
    "mul": (2, "a * b; logical and for bool"),
    "div": (2, "true quotient of floats"),
    "floor_divide": (2, "floor(a / b); integer division by zero is an error of the op"),
    "remainder": (2, "a - b * floor(a / b), the sign of b"),
    "fmod": (2, "the remainder with the sign of a"),
    "pow": (2, "a ** b"),
    "maximum": (2, "NaN if either is"),
    "minimum": (2, "NaN if either is"),
    "fmax": (2, "the other if one is NaN"),
    "fmin": (2, "the other if one is NaN"),
    "atan2": (2, ""),
    "hypot": (2, "sqrt(a*a + b*b)"),
    "copysign": (2, "magnitude of a, sign of b"),
    "nextafter": (2, "next float after a towards b"),
    "logaddexp": (2, "log(e**a + e**b)"),
    "logaddexp2": (2, "log2(2**a + 2**b)"),
    "igamma": (2, "regularised lower incomplete gamma function of order a; real"),
    "igammac": (2, "1 - igamma(a, b), accurate where that is small; real"),
    "standard_gamma_grad": (2, "how a gamma number b of order a moves with a: -dP(a, b)/da over"
                            " the density; real"),
    "zeta": (2, "sum((b + k)**-a for k >= 0); real"),
    "heaviside": (2, "0, b or 1 for a < 0, a == 0, a > 0"),
    "gcd": (2, "of integers"),
    "lcm": (2, "of integers"),
    "eq": (2, "bool"),
    "ne": (2, "bool"),
    "lt": (2, "bool"),
    "le": (2, "bool"),
    "gt": (2, "bool"),
    "ge": (2, "bool"),
    "logical_and": (2, "bool"),
    "logical_or": (2, "bool"),
    "logical_xor": (2, "bool"),
    "bitwise_and": (2, "integers or bool"),
    "bitwise_or": (2, "integers or bool"),
    "bitwise_xor": (2, "integers or bool"),
    "bitwise_left_shift": (2, "integers"),
    "bitwise_right_shift": (2, "integers"),
    # three operands
    "where": (3, "b where a else c"),
}

#: All other primitives: name -> (parameters, meaning).
PRIMITIVES = {
    # between the backend and the world
    "asarray": ("x", "an array of a scalar result; arrays pass unchanged"),
    "from_numpy": ("array", "an array that shares the memory of a numpy.ndarray, if it can"),
    "to_numpy": ("x", "a numpy.ndarray that shares the memory of x, if it can"),
    "from_dlpack": ("x", "an array that shares the memory of an object with __dlpack__"),
    "from_buffer": ("buffer, dtype, shape", "an array that shares the memory of a writable buffer"
                    " of raw bytes, if it can"),
    "item": ("x", "the one element, as a Python number"),
    "tolist": ("x", "nested lists of Python numbers"),
    "owns_memory": ("x", "whether x is not a view of another array"),
    "strides": ("x", "tuple: steps in elements, one a dimension"),
    "data_ptr": ("x", "address of the first element"),
    "storage_offset": ("x", "elements in the memory that x views before its first"),
    # creation; dtype is a torchlite dtype
    "array": ("data, dtype", "of nested sequences of Python numbers (or a number), rectangular"),
    "empty": ("shape, dtype", "uninitialised"),
    "full": ("shape, value, dtype", "filled with a number"),
    "arange": ("start, stop, step, dtype", "(ceil((stop-start)/step),)"),
    "linspace": ("start, stop, steps, dtype", "(steps,), both ends included"),
    "eye": ("n, m, dtype", "(n, m) with ones on the diagonal"),
    # memory
    "astype": ("x, dtype", "x converted; always a new array"),
    "copy": ("x", "a row-major copy"),
    "contiguous": ("x", "x itself if row-major, else a row-major copy"),
    "copyto": ("dst, src", "write src, broadcast and converted, into dst"),
    "view_dtype": ("x, dtype", "view of the same bytes as another dtype; if the sizes differ, the"
                   " last axis, contiguous, shrinks or grows"),
    # shape: views where the memory allows it
    "reshape": ("x, shape", "row-major order; a view where one exists"),
    "permute": ("x, axes", "view with the axes in this order"),
    "broadcast_to": ("x, shape", "view; new axes in front"),
    "getitem": ("x, index", "view; index: a tuple of int, slice (any step > 0), None, Ellipsis"),
    "as_strided": ("x, shape, strides, offset", "view; strides and offset in elements, from the"
                   " first element of x"),
    "diagonal": ("x, offset, axis1, axis2", "view; the diagonal becomes the last axis"),
    "flip": ("x, axes", "a copy, reversed along axes"),
    "roll": ("x, shifts, axes", "tuples; elements shifted circularly"),
    "concatenate": ("arrays, axis", "joined along an axis"),
    "stack": ("arrays, axis", "joined along a new axis"),
    "pad": ("x, widths, value", "constant padding; widths ((before, after), ...) an axis, >= 0"),
    "tril": ("x, diagonal", "zeros above the diagonal of the last two axes"),
    "triu": ("x, diagonal", "zeros below it"),
    # reduction; axis: int, tuple or None (all)
    "sum": ("x, axis, keepdims", "in the dtype of x"),
    "prod": ("x, axis, keepdims", "in the dtype of x"),
    "amax": ("x, axis, keepdims", "NaN wins"),
    "amin": ("x, axis, keepdims", "NaN wins"),
    "any": ("x, axis, keepdims", "bool"),
    "all": ("x, axis, keepdims", "bool"),
    "argmax": ("x, axis, keepdims", "int64; first of equals, NaN wins; axis: int or None (flat)"),
    "argmin": ("x, axis, keepdims", "int64; first of equals, NaN wins; axis: int or None (flat)"),
    # scans and order; axis: int
    "cumsum": ("x, axis", "running sum, in the dtype of x"),
    "cumprod": ("x, axis", "running product, in the dtype of x"),
    "cummax": ("x, axis", "(values, int64 indices); the last of equals, NaN wins"),
    "cummin": ("x, axis", "(values, int64 indices); the last of equals, NaN wins"),
    "sort": ("x, axis, descending", "(values, int64 indices), stable; NaN counts as greatest"),
    "searchsorted": ("sequence, values, right", "int64 places in the last axis, one row a row"),
    "unique": ("x, axis", "(sorted values, int64 inverse, int64 counts); axis None: of all"),
    "nonzero": ("x", "(count, ndim) int64, row-major order"),
    "bincount": ("x, weights, minlength", "of non-negative integers; weights may be None"),
    # indexing; index arrays are int64 and in range
    "take": ("x, index, axis", "x with index (1-d) along axis"),
    "gather": ("x, index, axis", "out[i][j] = x[index[i][j]][j] for axis 0; index.ndim == x.ndim"),
    "scatter": ("x, index, source, axis", "copy of x with out[index[i][j]][j] = source[i][j];"
                " source may be a number"),
    "scatter_add": ("x, index, source, axis", "copy of x; repeated places add up"),
    "scatter_reduce": ("x, index, source, axis, reduce, include_self", "reduce: sum prod mean amax"
                       " amin"),
    "index_get": ("x, index", "advanced indexing; index: a tuple with one integer array or"
                  " slice(None) for each leading axis, NumPy's rule for the axes of the result"),
    "index_put": ("x, index, value, accumulate", "copy of x with value, broadcast, at index;"
                  " repeated places add up if accumulate"),
    # linear algebra
    "matmul": ("a, b", "both at least 2-d; leading axes broadcast"),
    # factorizations, of float or complex matrices; leading axes are a batch
    "cholesky": ("x, upper", "(factor, int32 info); reads one triangle; where x is not positive"
                 " definite: NaN, and the order of the first minor that is not"),
    "qr": ("x, mode", "(q, r); mode: 'reduced', 'complete', or 'r': as reduced, q is not used"),
    "geqrf": ("x", "(r with the Householder vectors below it, tau)"),
    "svd": ("x, full", "(u, s, vh), s descending; LinAlgError if it does not converge, as below"),
    "svdvals": ("x", "s alone"),
    "eigh": ("x, upper", "(ascending eigenvalues, vectors) of Hermitian x; reads one triangle"),
    "eigvalsh": ("x, upper", "the eigenvalues alone"),
    "eig": ("x", "(eigenvalues, vectors of norm 1), complex"),
    "eigvals": ("x", "the eigenvalues alone"),
    "lu_factor": ("x", "(L below U, int32 pivots from 1 as LAPACK's, int32 info: the first zero on"
                  " the diagonal of U, from 1)"),
    "ldl_factor": ("x, hermitian", "(L below D, int32 pivots, int32 info), as LAPACK's sytrf of the"
                   " lower triangle"),
    # systems of equations, b (*, n, k)
    "solve": ("a, b", "a^-1 b, batches broadcast; LinAlgError if a matrix is singular"),
    "solve_triangular": ("a, b, upper, unitriangular", "a^-1 b; reads one triangle, without its"
                         " diagonal if that is 1; infinite or NaN if singular"),
    "ldl_solve": ("ld, pivots, b, hermitian", "the solution by `ldl_factor`'s results"),
    "inv": ("x", "LinAlgError if a matrix is singular"),
    "det": ("x", "(*batch)"),
    "slogdet": ("x", "(sign, log of the absolute value) of the determinant"),
    # Fourier transforms; factor: "1", "1/sqrt(n)" or "1/n" for sums of n terms
    "fft": ("x, axes, inverse, factor", "of complex x along axes: sums with e**(-2 pi i j k / n),"
            " or e**(2 pi i j k / n) if inverse"),
    "rfft": ("x, axis, factor", "the first n // 2 + 1 places of the transform of real x"),
    "irfft": ("x, size, axis, factor", "real, of this size along axis: the inverse transform of the"
              " size // 2 + 1 complex places that rfft keeps"),
    # random numbers: see torchlite/backends/numpy/random.py
    "generator": ("seed", "the state of PyTorch's CPU stream: an object with seed(n), get_state(),"
                  " set_state(bytes)"),
    "random_uniform": ("rng, shape, dtype, low, high", "in [low, high)"),
    "random_normal": ("rng, shape, dtype, mean, std", "contiguous fill"),
    "random_integers": ("rng, shape, dtype, low, high", "low <= n < high"),
    "random_bits": ("rng, shape, dtype", "PyTorch's random_() without bounds"),
    "random_permutation": ("rng, n", "int64 (n,)"),
    "random_bernoulli": ("rng, p, shape", "bool; p a number or a float array of `shape`"),
    "random_exponential": ("rng, shape, dtype, rate", ""),
    "random_gamma": ("rng, order", "of rate 1, one for each element of a float array"),
    "random_poisson": ("rng, rate", "whole, one for each element of a float array, in its dtype"),
    "random_binomial": ("rng, count, prob", "whole; float arrays of one shape, the dtype of count"),
    "dirichlet_grad": ("x, a, total", "how x of Beta(a, total - a) moves with a, over 1 - x; floats"
                       " of one shape"),
}  # fmt: skip


class Backend(Composites):
    """Base of every backend; `name` is the one it is registered under."""

    name: str = "abstract"
    #: The type of its arrays: a result of another type goes through `asarray`.
    array_type: type = object

    if TYPE_CHECKING:  # the primitives, attached below

        def __getattr__(self, name: str) -> Any: ...


def _missing(name: str, signature: str, meaning: str) -> Callable:
    def primitive(self: Backend, *args: Any, **kwargs: Any) -> Array:
        raise BackendError(f"backend {self.name!r} lacks the primitive {name}({signature})")

    primitive.__name__ = name
    primitive.__doc__ = f"``{name}({signature})``: {meaning or name}."
    primitive.is_missing = True  # type: ignore[attr-defined]
    return primitive


_OPERANDS = {1: "x", 2: "a, b", 3: "a, b, c"}
for _name, (_count, _meaning) in ELEMENTWISE.items():
    setattr(Backend, _name, _missing(_name, _OPERANDS[_count], _meaning))
for _name, (_signature, _meaning) in PRIMITIVES.items():
    setattr(Backend, _name, _missing(_name, _signature, _meaning))
