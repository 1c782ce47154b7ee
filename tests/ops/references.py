"""The value of every operation, written with NumPy and `math` alone, from the textbook.

``VALUES[name]`` takes the arrays of a drawn call and returns what the operation must return.
``CHECKS[name]`` serves results that are random or not unique: it takes the result (a list of its
arrays) and then the call, and asserts the property that defines the result.
"""

from tests.ops import (
    references_of_elementwise,
    references_of_images,
    references_of_indexing,
    references_of_layers,
    references_of_linalg,
    references_of_random,
    references_of_reductions,
    references_of_sequences,
    references_of_shapes,
    references_of_special,
    references_of_windows,
)

_PARTS = (
    references_of_elementwise, references_of_images, references_of_indexing, references_of_layers,
    references_of_linalg, references_of_random, references_of_reductions, references_of_sequences,
    references_of_shapes, references_of_special, references_of_windows,
)  # fmt: skip
VALUES, CHECKS = {}, {}
for _part in _PARTS:
    VALUES.update(getattr(_part, "VALUES", {}))
    CHECKS.update(getattr(_part, "CHECKS", {}))

__all__ = ["CHECKS", "VALUES"]
