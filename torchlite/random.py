"""Random number generators and the default one: PyTorch's CPU streams for the same seeds.

Threads may share a generator: no two get the same words of its stream, but which thread gets which
is not deterministic. Only the spare normal number left by an odd short draw is not guarded. For
reproducible numbers, give each thread its own generator.
"""

from __future__ import annotations

import operator
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from torchlite import dtypes
from torchlite.backends import current
from torchlite.core.tensor import Tensor, wrap
from torchlite.core.tensor import device as Device

__all__ = [
    "Generator",
    "default_generator",
    "fork_rng",
    "get_rng_state",
    "initial_seed",
    "manual_seed",
    "seed",
    "set_rng_state",
]


def _any_seed() -> int:
    return int.from_bytes(os.urandom(8), "little")


class Generator:
    """A stream of random numbers that functions with a `generator` parameter draw from.

    Two generators with the same seed give the same numbers. ``device`` must be ``"cpu"``.

    Example: ``torchlite.randn(3, generator=torchlite.Generator().manual_seed(0))``
    """

    _first_seed = 67280421310721  # PyTorch's for a new generator

    def __init__(self, device: Device | str | None = None) -> None:
        self.device = Device("cpu" if device is None else device)
        if (kind := self.device.type) != "cpu":
            why = f"Cannot get {kind.upper()} generator without ATen_{kind} library."
            if kind == "meta":
                why = "META device type not an accelerator."
            raise RuntimeError(f"{why}\ntorchlite supports only the CPU; use Generator('cpu').")
        self._engine: Any = None

    @property
    def engine(self) -> Any:
        """The engine that the backend's ``random_*`` primitives draw from; created on first use."""
        if self._engine is None:
            xp: Any = current()
            self._engine = xp.generator(self._first_seed)
        return self._engine

    def manual_seed(self, seed: int) -> Generator:
        """Start the stream for `seed`, from -2**63 to 2**64 - 1; negative ones count from 2**64.

        Raises: RuntimeError if `seed` is not an integer; ValueError if it is out of range.
        """
        if isinstance(seed, bool) or not hasattr(seed, "__index__"):
            raise RuntimeError(f"manual_seed expected a long, but got {type(seed).__name__}")
        number = operator.index(seed)
        if not -(2**63) <= number < 2**64:
            raise ValueError(
                "Overflow when unpacking long long\n"
                f"A seed must be between -2**63 and 2**64 - 1, got {number}."
            )
        self.engine.seed(number)
        return self

    def seed(self) -> int:
        """Start an unpredictable stream; returns its seed."""
        number = _any_seed()
        self.engine.seed(number)
        return number

    def initial_seed(self) -> int:
        """The seed the stream was started with, from 0 to 2**64 - 1."""
        return self.engine.initial_seed

    def get_state(self) -> Tensor:
        """The state of the stream: uint8 (5056,), in PyTorch's format."""
        xp: Any = current()
        return wrap(xp.array(list(self.engine.get_state()), dtypes.uint8))

    def set_state(self, new_state: Tensor) -> None:
        """Continue from a state returned by `get_state`, torchlite's or PyTorch's.

        Raises: TypeError if it is not a uint8 tensor; RuntimeError if it is not a valid state. The
        generator is unchanged then.
        """
        if not isinstance(new_state, Tensor):
            kind = type(new_state).__name__
            raise TypeError(f"expected a torch.ByteTensor, but got {kind}")
        if new_state.dtype is not dtypes.uint8:
            raise TypeError("RNG state must be a torch.ByteTensor")
        xp: Any = current()
        self.engine.set_state(bytes(xp.tolist(xp.reshape(new_state._data, (-1,)))))

    def clone_state(self) -> Generator:
        """A new generator in the same state."""
        return _generator_at(self.engine.get_state())

    def __reduce__(self) -> tuple:
        return _generator_at, (self.engine.get_state(),)


def _generator_at(state: bytes) -> Generator:
    generator = Generator()
    generator.engine.set_state(state)
    return generator


#: The generator used when none is given; unpredictable until it is seeded.
default_generator = Generator()
default_generator._first_seed = _any_seed()


def manual_seed(seed: int) -> Generator:
    """Seed the default generator, see `Generator.manual_seed`; returns it.

    A `seed` that is not an integer is converted by ``int``, as in PyTorch.
    """
    return default_generator.manual_seed(int(seed))


def seed() -> int:
    """Seed the default generator unpredictably; returns the seed."""
    return default_generator.seed()


def initial_seed() -> int:
    """The seed that the default generator's stream was started with."""
    return default_generator.initial_seed()


def get_rng_state() -> Tensor:
    """The state of the default generator: uint8 (5056,)."""
    return default_generator.get_state()


def set_rng_state(new_state: Tensor) -> None:
    """Make the default generator continue from a state returned by `get_rng_state`.

    Raises: as `Generator.set_state`.
    """
    default_generator.set_state(new_state)


def thread_safe_generator() -> Generator | None:
    """The generator of this `DataLoader` worker thread: None, as workers are processes."""
    return None


@contextmanager
def fork_rng(
    devices: Iterable[Any] | None = None, enabled: bool = True, device_type: str | None = None
) -> Iterator[None]:
    """On leaving the block, restore the default generator's state on entry.

    `devices` and `device_type` are accepted but have no effect: there is only the CPU. With
    ``enabled=False`` nothing is restored.
    """
    state = default_generator.engine.get_state() if enabled else None
    try:
        yield
    finally:
        if state is not None:
            default_generator.engine.set_state(state)
