"""Exceptions of torchlite that have no builtin class, and texts that more than one file needs."""


class BackendError(RuntimeError):
    """A backend is unknown, is not installed, or lacks a primitive."""


class LinAlgError(RuntimeError):
    """A matrix has not what an operation of linear algebra needs of it: `torch.linalg.LinAlgError`."""


class OutOfMemoryError(RuntimeError):
    """There is too little memory, where a device tells: `torch.OutOfMemoryError`."""


FREED_GRAPH = (
    "Trying to backward through the graph a second time (or directly access saved tensors after "
    "they have already been freed). Saved intermediate values of the graph are freed when you call "
    ".backward() or autograd.grad(). Specify retain_graph=True if you need to backward through the "
    "graph a second time or if you need to access saved tensors after calling backward."
)
LEAF_IN_PLACE = "a leaf Variable that requires grad is being used in an in-place operation."
VIEW_OF_LEAF_IN_PLACE = (
    "a view of a leaf Variable that requires grad is being used in an in-place operation."
)
ONLY_FLOATS_REQUIRE_GRAD = "only Tensors of floating point and complex dtype can require gradients"
