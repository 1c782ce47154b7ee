"""``python -m torchlite_numba warmup``: compile the float32 kernels before they are needed.

They stay in the cache folder (NUMBA_CACHE_DIR, by default beside the package or in the user's
cache), so that every later process starts at once.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from torchlite import dtypes
from torchlite_numba import NumbaBackend, launch, scalar

Call = tuple[str, tuple]
_SMALL, _LARGE = (4, 6), (2 * launch.CHEAP_FROM,)


def _ones(shape: tuple[int, ...]) -> Any:
    return np.ones(shape, np.float32)


def _elementwise() -> Iterator[Call]:
    for table in (scalar.CHEAP, scalar.COSTLY, scalar.LARGE):
        for name, (signature, _) in table.items():
            shape = _LARGE if table is scalar.LARGE else _SMALL
            x = _ones(shape)
            arrays: dict[str, Any] = {"x": x, "g": x, "out": x, "mask": x.astype(bool)}
            yield name, tuple(arrays.get(word, 1.0) for word in signature.split(", "))
    yield "relu", (_ones(_LARGE),)
    yield "dropout", (_ones(_LARGE), np.ones(_LARGE, bool), 1.0)


def _rows() -> Iterator[Call]:
    x, wide, losses = _ones(_SMALL), _ones((64, 64)), _ones(_SMALL[:1])
    target = np.zeros_like(losses, np.int64)
    for name in ("sum", "mean", "prod", "amax", "amin"):
        yield name, (wide, 0, False)
        yield name, (wide, 1, False)
    yield from (("sum", (_ones(_LARGE), None, False)), ("mean", (_ones(_LARGE), None, False)))
    yield from (("var", (x, 1, 1, False)), ("mse_mean", (x, x)))
    yield "embedding_backward", (x, target, 4)
    yield from (("softmax", (x, 1)), ("softmax_backward", (x, x, 1)))
    yield from (("log_softmax", (x, 1)), ("log_softmax_backward", (x, x, 1)))
    yield from (("cross_entropy", (x, target)), ("cross_entropy_backward", (losses, x, target)))
    yield from (("linear", (x, x, _ones((4,)))), ("linear", (wide, wide, _ones((64,)))))


def _updates() -> Iterator[Call]:
    for shape in (_SMALL, _LARGE):
        x = [_ones(shape)]
        yield "sgd_step", (x, x, None, 0.1, 0.0, 0.0, 0.0, False, False, True)
        yield "sgd_step", (x, x, x, 0.1, 0.9, 0.0, 0.0, False, False, True)
        yield "adam_step", (x, x, x, x, None, 1, 0.1, 0.9, 0.9, 1.0, 0.0, False, False)


def _images() -> Iterator[Call]:
    x, weight, row, two = _ones((2, 3, 8, 8)), _ones((4, 3, 3, 3)), _ones((3,)), (2, 2)
    one, none = (1, 1), (0, 0)
    out, places = _ones((2, 4, 6, 6)), _ones((2, 3, 4, 4)).astype(np.int64)
    yield "convolution", (x, weight, _ones((4,)), (6, 6), one, none, one, 1)
    yield "convolution_transposed", (out, weight, None, (8, 8), one, none, one, 1)
    yield "convolution_weight", (out, x, (3, 3), one, none, one, 1)
    yield "max_pool", (x, (4, 4), two, two, none, one)
    yield "max_pool_backward", (_ones((2, 3, 4, 4)), places, x.shape)
    yield "pool_sum", (x, (4, 4), two, two, none)
    yield "pool_sum_backward", (_ones((2, 3, 4, 4)), x.shape, two, two, none)
    yield "batch_moments", (x,)
    yield "batch_norm", (x, row, row, row, row, True, 1e-5)
    yield "batch_norm_backward", (x, x, row, row, row, True, 1e-5, (True,) * 3)
    yield "layer_norm", (x, None, None, 1, 1e-5)
    yield "layer_norm_backward", (x, x, None, 1, 1e-5, (True,) * 3)


def _random(backend: NumbaBackend) -> Iterator[Call]:
    rng, shape = backend.generator(0), (1 << 17,)
    for name in ("random_uniform", "random_normal"):
        yield name, (rng, shape, dtypes.float32, 0.0, 1.0)
    yield "random_bernoulli", (rng, 0.5, shape)
    yield "random_permutation", (rng, 1 << 17)


def warmup() -> None:
    """Run each kernel once, with a progress line on the standard error stream."""
    backend = NumbaBackend()
    calls = [*_elementwise(), *_rows(), *_updates(), *_images(), *_random(backend)]
    for i, (name, args) in enumerate(calls, 1):
        sys.stderr.write(f"\r{i}/{len(calls)} {name:24}")
        getattr(backend, name)(*args)
    sys.stderr.write(f"\r{len(calls)} kernels are ready{'':24}\n")


def main(argv: Sequence[str] | None = None) -> None:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="python -m torchlite_numba", description=__doc__)
    parser.add_argument("command", choices=["warmup"])
    parser.parse_args(argv)
    warmup()


if __name__ == "__main__":
    main()
