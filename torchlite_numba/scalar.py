"""The elementwise kernels: one line each.

Plain arithmetic is not here: `np.add` of 2**14 to 2**24 elements is limited by memory and takes as
long as a kernel in two threads. What takes NumPy several passes becomes 2 to 40 times faster.

Name -> (signature of the backend's method, value of one element). ``x``, ``g``, ``out`` and
``mask`` are elements of arrays; other names are numbers, converted once to the elements' type, like
``ZERO``, ``HALF`` and ``ONE``. The functions come from `torchlite_numba.vector`.
"""

#: Limited by memory; any real floating-point type.
CHEAP = {
    "relu": ("x", "x if not x <= ZERO else ZERO"),
    "relu_backward": ("g, out", "g if not out <= ZERO else ZERO"),
    "leaky_relu": ("x, negative_slope", "x if x > ZERO else x * negative_slope"),
    "leaky_relu_backward": ("g, x, negative_slope", "g if x > ZERO else g * negative_slope"),
    "sigmoid_backward": ("g, out", "g * (out * (ONE - out))"),
    "tanh_backward": ("g, out", "g * (ONE - out * out)"),
    "clamp": ("x, low, high", "minimum(maximum(x, low), high)"),
    "clamp_backward": ("g, x, low, high", "ZERO if x < low or x > high else g"),
    "hardtanh_backward": ("g, x, low, high", "ZERO if x <= low or x >= high else g"),
    "_mse_slope": ("x, out, scale", "(x - out) * scale"),
    "dropout": ("x, mask, scale", "x * (scale if mask else ZERO)"),
}

#: Limited by arithmetic; float32 only, as the polynomials are.
COSTLY = {
    "erf": ("x", "erf(x)"),
    "sigmoid": ("x", "sigmoid(x)"),
    "silu": ("x", "x * sigmoid(x)"),
    "silu_backward": ("g, x", "g * silu_slope(x)"),
    "elu": (
        "x, alpha, scale, input_scale",
        "x * scale if x > ZERO else expm1(x * input_scale) * (alpha * scale)",
    ),
    "elu_backward": (
        "g, x, alpha, scale, input_scale",
        "g * (scale if x > ZERO else exp(x * input_scale) * (alpha * scale * input_scale))",
    ),
    "mish": ("x", "x * mish_gate(x)"),
    "mish_backward": ("g, x", "g * mish_slope(x)"),
    "_gelu": ("x", "x * HALF * (erf(x * SQRT_HALF) + ONE)"),
    "_gelu_backward": ("g, x", "g * gelu_slope(x)"),
    "_gelu_tanh": ("x", "x * sigmoid(gelu_inner(x) + gelu_inner(x))"),
    "_gelu_tanh_backward": ("g, x", "g * gelu_tanh_slope(x)"),
    "softplus": (
        "x, beta, threshold",
        "x if x * beta > threshold else log1p_positive(exp(x * beta)) / beta",
    ),
    "softplus_backward": (
        "g, x, beta, threshold",
        "g if x * beta > threshold else g * sigmoid(x * beta)",
    ),
    "log_sigmoid": ("x", "(x if x < ZERO else ZERO) - log1p_positive(exp(x if x < ZERO else -x))"),
    "log_sigmoid_backward": ("g, x", "g * sigmoid(-x)"),
}

#: NumPy vectorises this as well: only several threads beat it, so only large arrays come here.
LARGE = {"exp": ("x", "exp(x)")}
