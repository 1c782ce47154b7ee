"""The primitives, with what is known about each: see `torchlite.backends.spec.Spec`."""

from __future__ import annotations

from torchlite.backends.spec import (
    CREATION,
    ELEMENTWISE,
    MATRIX,
    MOVEMENT,
    NUMBERS,
    PRODUCT,
    QUERY,
    RANDOM,
    REDUCTION,
    SCAN,
    TRANSFORM,
    UPDATE,
    VIEW,
    primitives,
)
from torchlite.dtypes import BOOL, COMPLEX, FLOAT, INTEGER

_REALS, _FLOATS = {"takes": (INTEGER, FLOAT)}, {"takes": (FLOAT, COMPLEX)}
_FLOAT, _INTEGERS, _BITS = {"takes": (FLOAT,)}, {"takes": (INTEGER,)}, {"takes": (BOOL, INTEGER)}
_REAL_RULES = {"holomorphic": False}  # gradient rules that handle complex operands themselves
_FREE = {"determined": False}

# --- elementwise ----------------------------------------------------------------------------------

primitives(
    ELEMENTWISE, "input", {"takes": NUMBERS},
    positive=("x", {"exact": True, "linear": "input"}),
    neg=("-x", {"linear": "input"}),
    abs=("|x|; real for complex x", _REAL_RULES),
    sgn=("x / |x|, 0 at 0", _REAL_RULES),
    square="x * x",
)  # fmt: skip
primitives(
    ELEMENTWISE, "input", _REALS,
    sign="-1, 0 or 1; 0 at NaN",
    floor="greatest integer <= x",
    ceil="least integer >= x",
    trunc="integer part",
    round="nearest integer, halves to even",
)  # fmt: skip
primitives(
    ELEMENTWISE, "input",
    isnan="bool", isinf="bool", isfinite="bool", logical_not="bool",
    bitwise_not=("for integers; logical not for bool", _BITS),
)  # fmt: skip
primitives(
    ELEMENTWISE, "x", {**_REAL_RULES, "linear": "x"},
    conj=("complex conjugate; x itself if real", {"exact": True}),
    real=("real part", {"takes": (COMPLEX,), "view": True, "exact": True}),
    imag=("imaginary part", {"takes": (COMPLEX,), "view": True}),
)  # fmt: skip
primitives(
    ELEMENTWISE, "input", {"takes": NUMBERS, **_REAL_RULES},
    angle="argument of a complex number; 0 or pi for real ones, NaN at NaN",
)  # fmt: skip
primitives(
    ELEMENTWISE, "input", _FLOATS,
    sqrt="square root",
    rsqrt="1 / sqrt(x)",
    reciprocal="1 / x",
    exp="e**x",
    log="natural logarithm",
    sin="sine", cos="cosine", tan="tangent",
    sinh="hyperbolic sine", cosh="hyperbolic cosine", tanh="hyperbolic tangent",
)  # fmt: skip
primitives(
    ELEMENTWISE, "input", _FLOAT,
    exp2="2**x",
    expm1="e**x - 1",
    log2="logarithm to base 2",
    log10="logarithm to base 10",
    log1p="log(1 + x)",
    asin="inverse sine", acos="inverse cosine", atan="inverse tangent",
    asinh="inverse hyperbolic sine", acosh="inverse hyperbolic cosine",
    atanh="inverse hyperbolic tangent",
    erf="error function",
    erfc="1 - erf(x), accurate for large x",
    erfinv="inverse of erf",
    lgamma="log |gamma(x)|",
    digamma="derivative of lgamma",
    erfcx="e**(x*x) erfc(x)",
    ndtri="quantile function of the normal distribution",
    log_ndtr="logarithm of the normal cumulative distribution function",
    bessel_j0="Bessel function of the first kind, order 0",
    bessel_j1="Bessel function of the first kind, order 1",
    bessel_y0="Bessel function of the second kind, order 0",
    bessel_y1="Bessel function of the second kind, order 1",
    scaled_modified_bessel_k0="e**x K0(x), K0 the modified Bessel function of the second kind",
    scaled_modified_bessel_k1="e**x K1(x)",
    airy_ai="Airy function",
)  # fmt: skip
primitives(
    ELEMENTWISE, "input, other",
    add=("a + b; logical or for bool", {"linear": "input other"}),
    sub=("a - b", {"takes": NUMBERS, "linear": "input other"}),
    mul=("a * b; logical and for bool", {"bilinear": "input other"}),
    div=("true quotient of floats", {**_FLOATS, "linear": "input"}),
    floor_divide=("floor(a / b); the op rejects integer division by zero", _REALS),
    remainder=("a - b * floor(a / b), with the sign of b", _REALS),
    fmod=("remainder with the sign of a", _REALS),
    pow=("a ** b", {"takes": NUMBERS}),
    maximum=("NaN if either operand is NaN", _REALS),
    minimum=("NaN if either operand is NaN", _REALS),
    gcd=("greatest common divisor", _INTEGERS),
    lcm=("least common multiple", _INTEGERS),
    eq="bool", ne="bool",
    lt=("bool", _REALS), le=("bool", _REALS), gt=("bool", _REALS), ge=("bool", _REALS),
    logical_and="bool", logical_or="bool", logical_xor="bool",
    bitwise_and=("integers or bool", _BITS),
    bitwise_or=("integers or bool", _BITS),
    bitwise_xor=("integers or bool", _BITS),
    bitwise_left_shift=("integers", _INTEGERS),
    bitwise_right_shift=("integers", _INTEGERS),
)  # fmt: skip
primitives(
    ELEMENTWISE, "input, other", _FLOAT,
    fmax="maximum; if one operand is NaN, the other",
    fmin="minimum; if one operand is NaN, the other",
    atan2="angle of the point (b, a)",
    hypot="sqrt(a*a + b*b)",
    copysign="magnitude of a, sign of b",
    nextafter=("next float after a towards b", {"exact": True}),
    logaddexp="log(e**a + e**b)",
    logaddexp2="log2(2**a + 2**b)",
    igamma="regularized lower incomplete gamma function of order a",
    igammac="1 - igamma(a, b), accurate where that is small",
    standard_gamma_grad="d b / d a for a gamma sample b of order a: -dP(a, b)/da / density",
    zeta="sum((b + k)**-a for k >= 0)",
    heaviside="0, b or 1 for a < 0, a == 0, a > 0",
)  # fmt: skip
primitives(
    ELEMENTWISE, "condition, input, other",
    where=("input where condition (bool), else other", {"linear": "input other"}),
)  # fmt: skip
primitives(
    ELEMENTWISE, "x", {"exact": True, "linear": "x"},
    copy="a row-major copy",
    contiguous="x itself if row-major, else a row-major copy",
)  # fmt: skip
primitives(
    ELEMENTWISE, "x; dtype", {"exact": True, "linear": "x", **_REAL_RULES},
    astype="x converted; always a new array",
)  # fmt: skip

# --- exchange with Python, NumPy and other libraries ----------------------------------------------

primitives(
    VIEW, "x", {"linear": "x"}, asarray="a scalar result as an array; arrays are unchanged"
)
primitives(
    CREATION, "; array", from_numpy="shares the memory of a numpy.ndarray if possible"
)
primitives(
    CREATION, "; x", from_dlpack="an array that shares the memory of an object with __dlpack__"
)
primitives(
    CREATION, "; buffer, dtype, shape",
    from_buffer="an array that shares the memory of a writable buffer of raw bytes if possible",
)  # fmt: skip
primitives(
    QUERY, "x",
    to_numpy=("a numpy.ndarray that shares the memory of x if possible", {"exact": True}),
    item="the only element, as a Python scalar",
    tolist="nested lists of Python scalars",
    owns_memory=("whether x is not a view of another array", {**_FREE, "exact": True}),
    strides=("tuple: steps in elements, one per dimension", {**_FREE, "exact": True}),
    data_ptr=("address of the first element", {**_FREE, "exact": True}),
    storage_offset=(
        "offset of the first element in the memory that x views", {**_FREE, "exact": True}
    ),
)  # fmt: skip

# --- creation; dtype is a torchlite dtype ---------------------------------------------------------

primitives(
    CREATION, "; data, dtype",
    array="from nested sequences of Python scalars (or one scalar), rectangular",
)  # fmt: skip
primitives(CREATION, "; shape, dtype", empty=("uninitialised", _FREE))
primitives(CREATION, "; shape, value, dtype", full="filled with a scalar")
primitives(CREATION, "; start, stop, step, dtype", arange="(ceil((stop-start)/step),)")
primitives(CREATION, "; start, stop, steps, dtype", linspace="(steps,), both ends included")
primitives(CREATION, "; n, m, dtype", eye="(n, m) with ones on the diagonal")

# --- views and data movement ----------------------------------------------------------------------

_X = {"linear": "x"}
primitives(UPDATE, "dst, src", {"exact": True}, copyto="write src, broadcast and converted, to dst")
primitives(
    VIEW, "x; dtype",
    view_dtype="the same bytes viewed as another dtype; if the item sizes differ, the last axis, "
    "which is contiguous, shrinks or grows",
)  # fmt: skip
primitives(VIEW, "x; shape", _X, reshape="row-major order; a view where possible")
primitives(VIEW, "x; axes", _X, permute="view with the axes in this order")
primitives(VIEW, "x; shape", _X, broadcast_to="view; new axes come first")
primitives(
    VIEW, "x; index", _X,
    getitem="view; index: a tuple of int, slice (any step > 0), None, Ellipsis",
)  # fmt: skip
primitives(
    VIEW, "x; shape, strides, offset", _X,
    as_strided="view; strides and offset in elements, relative to the first element of x",
)  # fmt: skip
primitives(
    VIEW, "x; offset, axis1, axis2", _X, diagonal="view; the diagonal becomes the last axis"
)
primitives(MOVEMENT, "x; axes", {**_X, "axis": "axes"}, flip="a copy, reversed along axes")
primitives(
    MOVEMENT, "x; shifts, axes", {**_X, "axis": "axes"},
    roll="elements shifted circularly; shifts and axes are tuples",
)  # fmt: skip
primitives(
    MOVEMENT, "arrays; axis", {"linear": "arrays"},
    concatenate="joined along an axis",
    stack="joined along a new axis",
)  # fmt: skip
primitives(
    MOVEMENT, "x; widths, value", {"linear": "x value"},
    pad="constant padding; widths ((before, after), ...) per axis, >= 0",
)  # fmt: skip
primitives(
    MOVEMENT, "x; diagonal", _X,
    tril="zeros above the diagonal of the last two axes",
    triu="zeros below it",
)  # fmt: skip

# --- along axes: int, tuple or None (all) ---------------------------------------------------------

_SUM = {"accumulates": True, "linear": "x"}
primitives(
    REDUCTION, "x; axis, keepdims", {"axis": "axis"},
    sum=("in the dtype of x", _SUM),
    prod=("in the dtype of x", {"accumulates": True}),
    amax=("NaN propagates", _REALS),
    amin=("NaN propagates", _REALS),
    any="bool",
    all="bool",
    argmax=("int64; first of ties, NaN wins; axis: int or None (flattened)", _REALS),
    argmin=("int64; first of ties, NaN wins; axis: int or None (flattened)", _REALS),
)  # fmt: skip
primitives(
    SCAN, "x; axis", {"axis": "axis"},
    cumsum=("running sum, in the dtype of x", _SUM),
    cumprod=("running product, in the dtype of x", {"accumulates": True}),
    cummax=("(values, int64 indices); last of ties, NaN propagates", {**_REALS, "results": 2}),
    cummin=("(values, int64 indices); last of ties, NaN propagates", {**_REALS, "results": 2}),
)  # fmt: skip
primitives(
    SCAN, "x; axis, descending", {"axis": "axis", "results": 2},
    sort="(values, int64 indices), stable; NaN counts as the greatest value",
)  # fmt: skip
primitives(
    MOVEMENT, "sequence, values; right", {"exact": False},
    searchsorted="int64 indices into the last axis, row by row",
)  # fmt: skip
primitives(
    MOVEMENT, "x; axis", {"exact": False, "results": 3},
    unique="(sorted values, int64 inverse, int64 counts); axis None: of all elements",
)  # fmt: skip
primitives(MOVEMENT, "x", {"exact": False}, nonzero="(count, ndim) int64, row-major order")
primitives(
    REDUCTION, "x, weights; minlength", {"accumulates": True},
    bincount="counts of non-negative integers; weights may be None",
)  # fmt: skip

# --- indexing; index arrays are int64 and in range ------------------------------------------------

_ADDS = {"exact": False, "accumulates": True}
primitives(MOVEMENT, "x, index; axis", _X, take="x at index (1-d) along axis")
primitives(
    MOVEMENT, "x, index; axis", {**_X, "axis": "axis"},
    gather="out[i][j] = x[index[i][j]][j] for axis 0; index.ndim == x.ndim",
)  # fmt: skip
primitives(
    MOVEMENT, "x, index, source; axis", {"linear": "x source", "axis": "axis", "exact": False},
    scatter="copy of x with out[index[i][j]][j] = source[i][j]; source may be a scalar",
    scatter_add=("copy of x; repeated indices add up", _ADDS),
)  # fmt: skip
primitives(
    MOVEMENT, "x, index, source; axis, reduce, include_self", {**_ADDS, "axis": "axis"},
    scatter_reduce="reduce: sum prod mean amax amin",
)  # fmt: skip
primitives(
    MOVEMENT, "x, index", _X,
    index_get="advanced indexing; index: a tuple with one integer array or slice(None) for each "
    "leading axis; result axes as in NumPy",
)  # fmt: skip
primitives(
    MOVEMENT, "x, index, value; accumulate", {**_ADDS, "linear": "x value"},
    index_put="copy of x with value, broadcast, at index; repeated indices add up if accumulate",
)  # fmt: skip

# --- linear algebra; leading axes are a batch -----------------------------------------------------

_SUMS_OF = {"accumulates": True}
primitives(
    PRODUCT, "input, other",
    {"bilinear": "input other", "batched": True, "broadcasts": True, **_SUMS_OF},
    matmul="both at least 2-d; leading axes broadcast",
)  # fmt: skip
_MATRIX = {**_FLOATS, **_REAL_RULES}
primitives(
    MATRIX, "x; upper", _MATRIX,
    cholesky=("(factor, int32 info); reads one triangle; where x is not positive definite: NaN, "
              "and info is the order of the first minor that is not", {"results": 2, **_SUMS_OF}),
    eigh=("(ascending eigenvalues, vectors) of Hermitian x; reads one triangle",
          {"results": 2, **_FREE}),
    eigvalsh=("the eigenvalues only", _SUMS_OF),
)  # fmt: skip
primitives(
    MATRIX, "x; mode", {**_MATRIX, **_FREE, "results": 2},
    qr="(q, r); mode: 'reduced', 'complete', or 'r': as reduced, but q is not used",
)  # fmt: skip
primitives(
    MATRIX, "x; full", {**_MATRIX, **_FREE, "results": 3},
    svd="(u, s, vh), s descending; LinAlgError if it does not converge",
)  # fmt: skip
primitives(
    MATRIX, "x", _MATRIX,
    svdvals=("s only", _SUMS_OF),
    geqrf=("(r with the Householder vectors below it, tau)", {"results": 2, **_FREE}),
    eig=("(eigenvalues, vectors of norm 1), complex", {"results": 2, **_FREE}),
    eigvals=("the eigenvalues only", _FREE),
    lu_factor=("(L below U, int32 pivots from 1 as in LAPACK, int32 info: the first zero on the "
               "diagonal of U, from 1)", {"results": 3, **_SUMS_OF}),
    inv=("inverse; LinAlgError if a matrix is singular", _SUMS_OF),
    det=("determinants, (*batch)", _SUMS_OF),
    slogdet=("(sign, log of the absolute value) of the determinant", {"results": 2, **_SUMS_OF}),
)  # fmt: skip
primitives(
    MATRIX, "x; hermitian", {**_MATRIX, **_FREE, "results": 3},
    ldl_factor="(L below D, int32 pivots, int32 info), as LAPACK's sytrf on the lower triangle",
)  # fmt: skip
primitives(
    MATRIX, "a, b", {**_MATRIX, **_SUMS_OF, "broadcasts": True},
    solve="a^-1 b for b (*, n, k); LinAlgError if a matrix is singular",
)  # fmt: skip
primitives(
    MATRIX, "a, b; upper, unitriangular", {**_MATRIX, **_SUMS_OF, "broadcasts": True},
    solve_triangular="a^-1 b for b (*, n, k); reads one triangle, without its diagonal if "
    "unitriangular; infinite or NaN if singular",
)  # fmt: skip
primitives(
    MATRIX, "ld, pivots, b; hermitian", {**_MATRIX, **_SUMS_OF},
    ldl_solve="the solution for b (*, n, k), given the results of `ldl_factor`",
)  # fmt: skip

# --- Fourier transforms; factor: "1", "1/sqrt(n)" or "1/n" for sums of n terms --------------------

primitives(
    TRANSFORM, "x; axes, inverse, factor", {**_SUM, "axis": "axes", "takes": (COMPLEX,)},
    fft="of complex x along axes: sums with e**(-2 pi i j k / n), conjugated if inverse",
)  # fmt: skip
primitives(
    TRANSFORM, "x; axis, factor", {**_SUM, "axis": "axis", **_FLOAT, **_REAL_RULES},
    rfft="the first n // 2 + 1 elements of the transform of real x",
)  # fmt: skip
primitives(
    TRANSFORM, "x; size, axis, factor",
    {**_SUM, "axis": "axis", "takes": (COMPLEX,), **_REAL_RULES},
    irfft="real, of this size along axis: the inverse transform of the size // 2 + 1 complex "
    "elements that rfft keeps",
)  # fmt: skip

# --- random numbers: see torchlite/backends/numpy/random.py ---------------------------------------

primitives(
    QUERY, "; seed", {**_FREE, "exact": True},
    generator="the state of PyTorch's CPU stream: an object with seed(n), get_state(), "
    "set_state(bytes)",
)  # fmt: skip
primitives(
    RANDOM, "rng; shape, dtype, low, high",
    random_uniform="in [low, high)",
    random_integers="low <= n < high",
)  # fmt: skip
primitives(RANDOM, "rng; shape, dtype, mean, std", random_normal="normal distribution")
primitives(RANDOM, "rng; shape, dtype", random_bits="PyTorch's random_() without bounds")
primitives(RANDOM, "rng; n", random_permutation="int64 (n,)")
primitives(RANDOM, "rng, p; shape", random_bernoulli="bool; p: scalar or float array of `shape`")
primitives(RANDOM, "rng; shape, dtype, rate", random_exponential="exponential distribution")
primitives(
    RANDOM, "rng, order", random_gamma="gamma samples of rate 1, one per element of a float array"
)
primitives(
    RANDOM, "rng, rate",
    random_poisson="Poisson samples, one per element of a float array, in its dtype",
)  # fmt: skip
primitives(
    RANDOM, "rng, count, prob",
    random_binomial="samples in the dtype of count; both are float arrays of the same shape",
)  # fmt: skip
primitives(
    ELEMENTWISE, "x, a, total", _FLOAT,
    dirichlet_grad="d x / d a for a sample x of Beta(a, total - a), divided by 1 - x; floats of "
    "the same shape",
)  # fmt: skip
