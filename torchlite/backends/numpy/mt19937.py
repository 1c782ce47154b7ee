"""The state of PyTorch's CPU generator: MT19937 and one spare normal number."""

from __future__ import annotations

from typing import Any

import numpy as np

_WORDS = 624
_STATE = np.dtype(
    [
        ("seed", "<u8"),
        ("left", "<i4"),  # words until the next twist, plus one
        ("seeded", "<i4"),
        ("next", "<u8"),  # index of the next word; 0 only if nothing has been drawn since seeding
        ("words", "<u8", _WORDS),
        ("unused", "V8"),
        ("normal", "<f8"),
        ("unused2", "V8"),
        ("has_normal", "<i4"),
        ("unused3", "V12"),
    ]
)


class MT19937:
    """PyTorch's stream of 32-bit words; all backends on NumPy arrays draw from this object.

    Threads may draw concurrently: each holds `lock` while it draws, so no word is handed out twice,
    but which thread gets which words depends on scheduling.
    """

    def __init__(self, seed: int) -> None:
        self._bits = np.random.MT19937(0)
        self.lock = self._bits.lock
        self.seed(seed)

    def seed(self, n: int) -> None:
        """Restart the stream from seed `n` (modulo 2**64; only the low 32 bits matter)."""
        self.initial_seed = n % 2**64
        self.spare_normal: float | None = None  # the second of the last pair of normals
        self._fresh = True
        np.random.RandomState(self._bits).seed(n % 2**32)

    def words32(self, n: int) -> np.ndarray:
        """The next `n` words of 32 bits, as uint64 (n,)."""
        if n:
            self._fresh = False
        return self._bits.random_raw(n)

    def words64(self, n: int) -> np.ndarray:
        """The next `n` words of 64 bits, as uint64 (n,); the high half is drawn first."""
        words = self.words32(2 * n)
        return words[0::2] << np.uint64(32) | words[1::2]

    def get_key(self) -> tuple[np.ndarray, int]:
        """A copy of the engine: its 624 words, uint32, and the index of the next, up to 624.

        Hold `lock` from here to `set_key` while drawing from the copy.
        """
        engine = self._bits.state["state"]
        return engine["key"], int(engine["pos"])

    def set_key(self, key: np.ndarray, position: int) -> None:
        """Put back the key from `get_key`, advanced."""
        self._fresh = False
        state: Any = {"key": key, "pos": position}
        self._bits.state = {"bit_generator": "MT19937", "state": state}

    def get_state(self) -> bytes:
        """The 5056 bytes of ``torch.get_rng_state()``."""
        key, position = self.get_key()
        record: Any = np.zeros((), _STATE)
        record["seed"], record["seeded"] = self.initial_seed, True
        record["left"], record["next"] = _WORDS + 1 - position, 0 if self._fresh else position
        record["words"] = key
        if self.spare_normal is not None:
            record["normal"], record["has_normal"] = self.spare_normal, True
        return record.tobytes()

    def set_state(self, state: bytes) -> None:
        """Resume where `get_state`, here or in PyTorch, was called.

        Raises: RuntimeError if `state` is invalid; the generator is then unchanged.
        """
        if len(state) != _STATE.itemsize:
            raise RuntimeError(
                f"Expected a CPUGeneratorImplState of size {_STATE.itemsize} but found the input "
                f"RNG state size to be {len(state)}"
            )
        record = np.frombuffer(state, _STATE)[0]
        left, following = int(record["left"]), int(record["next"])
        if not record["seeded"] or not 0 < left <= _WORDS or following > _WORDS:
            raise RuntimeError("Invalid mt19937 state")
        self.set_key(record["words"].astype(np.uint32), _WORDS + 1 - left)
        self.initial_seed, self._fresh = int(record["seed"]), following == 0
        self.spare_normal = float(record["normal"]) if record["has_normal"] else None
