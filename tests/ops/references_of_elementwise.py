"""Values of elementwise operations and activations."""

import math
from statistics import NormalDist

import numpy as np


def of_numbers(function):
    """A function of numbers made one of arrays."""
    return np.vectorize(function, otypes=[float])


erf, erfc, lgamma = map(of_numbers, (math.erf, math.erfc, math.lgamma))
quantile_of_normal = of_numbers(NormalDist().inv_cdf)


def same(x, *_):
    return x


def log_sigmoid(x):
    return -np.logaddexp(0, -x)


def sigmoid(x):
    return np.exp(log_sigmoid(x))


def normal_cdf(x):
    return erfc(-x / math.sqrt(2)) / 2


def relu(x):
    return np.where(x > 0, x, 0.0)


def pairs(z):
    """The real and the imaginary part, in a new last dimension."""
    return np.stack((z.real, z.imag), -1)


def from_pairs(x):
    return x[..., 0] + 1j * x[..., 1]


# --- gamma functions ------------------------------------------------------------------------------

BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730)  # B2, B4, ...
TERMS = 20  # summed one by one before the formula of Euler and Maclaurin estimates the rest


def zeta(s, a):
    """Hurwitz's: the sum of ``(a + k) ** -s`` over k = 0, 1, ..."""
    end = a + TERMS
    total = sum((a + k) ** -s for k in range(TERMS)) + end ** (1 - s) / (s - 1) + end**-s / 2
    rising = s  # s (s + 1) ... (s + 2j - 2)
    for j, b in enumerate(BERNOULLI, 1):
        total = total + b / math.factorial(2 * j) * rising * end ** (1 - s - 2 * j)
        rising = rising * (s + 2 * j - 1) * (s + 2 * j)
    return total


def digamma(x):
    end = x + TERMS
    tail = sum(b / (2 * j * end ** (2 * j)) for j, b in enumerate(BERNOULLI, 1))
    return np.log(end) - 1 / (2 * end) - tail - sum(1 / (x + k) for k in range(TERMS))


def polygamma(n, x):
    return (-1) ** (n + 1) * math.factorial(n) * zeta(n + 1.0, x)


def mvlgamma(x, p):
    return p * (p - 1) / 4 * math.log(math.pi) + sum(lgamma(x - j / 2) for j in range(p))


def igammac(a, x):
    """The chance of fewer than `a` (an integer) events at the rate `x` of Poisson."""
    return of_numbers(
        lambda a, x: math.exp(-x) * sum(x**k / math.factorial(k) for k in range(int(a)))
    )(a, x)


@np.errstate(divide="ignore", invalid="ignore")
def x_log(x, y):
    """``x log y``, 0 if x is."""
    return np.where((x == 0) & ~np.isnan(y), 0.0, x * np.log(y))


SPECIAL = {
    "erf": erf,
    "erfc": erfc,
    "erfcx": lambda x: np.exp(x * x) * erfc(x),
    "erfinv": lambda x: quantile_of_normal((x + 1) / 2) / math.sqrt(2),
    "ndtr": normal_cdf,
    "log_ndtr": lambda x: np.log(normal_cdf(x)),
    "ndtri": quantile_of_normal,
    "lgamma": lgamma,
    "digamma": digamma,
    "polygamma": polygamma,
    "mvlgamma": mvlgamma,
    "zeta": lambda s, a: zeta(s.astype(float), a),
    "igamma": lambda a, x: 1 - igammac(a, x),
    "igammac": igammac,
    "entr": lambda x: np.where(x < 0, -np.inf, -x_log(x, x)),
    "xlogy": x_log,
    "xlog1py": lambda x, y: x_log(x, y + 1),
    "logit": lambda x: np.log(x / (1 - x)),
}


# --- NumPy has them, mostly by the same name ------------------------------------------------------

OF_NUMPY = {
    **{name: getattr(np, name) for name in (
        "sin cos tan sinh cosh tanh exp exp2 expm1 log log2 log10 log1p sqrt square sinc deg2rad "
        "rad2deg floor ceil trunc sign positive real conj imag angle signbit isnan isinf isreal "
        "isfinite isposinf isneginf logical_not frexp nan_to_num argwhere ravel reciprocal abs "
        "round hypot logaddexp logaddexp2 float_power heaviside nextafter copysign isclose "
        "allclose maximum minimum fmax fmin remainder fmod floor_divide logical_and logical_or "
        "logical_xor bitwise_and bitwise_or bitwise_xor bitwise_not gcd lcm where isin"
    ).split()},
    **{mine: getattr(np, name) for mine, name in {
        "neg": "negative", "asin": "arcsin", "acos": "arccos", "atan": "arctan", "pow": "power",
        "asinh": "arcsinh", "acosh": "arccosh", "atanh": "arctanh", "atan2": "arctan2",
        "add": "add", "sub": "subtract", "mul": "multiply", "eq": "equal",
        "ne": "not_equal", "gt": "greater", "ge": "greater_equal", "lt": "less", "sgn": "sign",
        "le": "less_equal", "equal": "array_equal", "nonzero": "argwhere", "conj_physical": "conj",
        "bitwise_left_shift": "left_shift", "bitwise_right_shift": "right_shift",
    }.items()},
    **dict.fromkeys(("clone", "contiguous", "resolve_conj", "resolve_neg"), same),
}  # fmt: skip


def div(x, y, rounding_mode=None):
    return {None: np.asarray, "floor": np.floor, "trunc": np.trunc}[rounding_mode](x / y)


ARITHMETIC = {
    "rsqrt": lambda x: x**-0.5,
    "frac": lambda x: x - np.trunc(x),
    "rsub": lambda x, y: y - x,
    "div": div,
    "ldexp": lambda x, y: x * 2.0**y,
    "polar": lambda r, angle: r * np.cos(angle) + 1j * r * np.sin(angle),
    "complex": lambda x, y: x + 1j * y,
    "view_as_real": pairs,
    "view_as_complex": from_pairs,
    "lerp": lambda x, y, w: x + w * (y - x),
    "addcmul": lambda x, y, z: x + y * z,
    "addcdiv": lambda x, y, z: x + y / z,
    "clamp": lambda x, min, max: np.clip(x, min, max),
    "clamp_min": lambda x, min: np.maximum(x, min),
    "clamp_max": lambda x, max: np.minimum(x, max),
}


# --- activations ----------------------------------------------------------------------------------


def gelu(x, approximate="none"):
    if approximate == "none":
        return x * normal_cdf(x)
    return x / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def softplus(x, beta, threshold):
    return np.where(beta * x > threshold, x, np.logaddexp(0, beta * x) / beta)


def elu(x, alpha=1.0, scale=1.0):
    return scale * np.where(x > 0, x, alpha * np.expm1(x))


def leaky_relu(x, negative_slope):
    return np.where(x > 0, x, negative_slope * x)


def glu(x, dim):
    half, gate = np.split(x, 2, dim)
    return half * sigmoid(gate)


ACTIVATIONS = {
    "sigmoid": sigmoid,
    "logsigmoid": log_sigmoid,
    "silu": lambda x: x * sigmoid(x),
    "mish": lambda x: x * np.tanh(np.logaddexp(0, x)),
    "softsign": lambda x: x / (1 + np.abs(x)),
    "tanhshrink": lambda x: x - np.tanh(x),
    "relu": relu,
    "relu6": lambda x: np.clip(x, 0, 6),
    "selu": lambda x: elu(x, 1.6732632423543772848170429916717, 1.0507009873554804934193349852946),
    "hardtanh": lambda x: np.clip(x, -1, 1),
    "hardsigmoid": lambda x: np.clip(x / 6 + 0.5, 0, 1),
    "hardswish": lambda x: x * np.clip(x / 6 + 0.5, 0, 1),
    "hardshrink": lambda x: np.where(np.abs(x) > 0.5, x, 0),
    "softshrink": lambda x: np.sign(x) * relu(np.abs(x) - 0.5),
    "leaky_relu": leaky_relu,
    "elu": elu,
    "celu": lambda x, alpha: np.where(x > 0, x, alpha * np.expm1(x / alpha)),
    "gelu": gelu,
    "softplus": softplus,
    "threshold": lambda x, threshold, value: np.where(x > threshold, x, value),
    "prelu": leaky_relu,
    "glu": glu,
}

VALUES = {**SPECIAL, **OF_NUMPY, **ARITHMETIC, **ACTIVATIONS}
