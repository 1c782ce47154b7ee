"""`torch.distributed`, for programs that ask whether they are distributed: they are not."""

from __future__ import annotations

import enum
from typing import Any, NoReturn


def is_available() -> bool:
    """False: there is only this process."""
    return False


is_initialized = is_torchelastic_launched = is_available
is_gloo_available = is_mpi_available = is_nccl_available = is_available


class ReduceOp(enum.Enum):
    """How values from several processes are combined."""

    SUM, AVG, PRODUCT, MIN, MAX = range(5)


def init_process_group(*args: Any, **kwargs: Any) -> NoReturn:
    """Raises RuntimeError: processes cannot communicate."""
    raise RuntimeError(
        "torch.distributed is not available\n"
        "torchlite trains in one process: ask torch.distributed.is_available() first."
    )


def get_rank(*args: Any, **kwargs: Any) -> NoReturn:
    """Raises ValueError (as PyTorch): there is no process group."""
    raise ValueError(
        "Default process group has not been initialized, please make sure to call "
        "init_process_group."
    )


get_world_size = get_backend = barrier = destroy_process_group = new_group = get_rank
all_reduce = all_gather = all_gather_object = broadcast = broadcast_object_list = get_rank
gather = reduce = reduce_scatter = scatter = send = recv = isend = irecv = get_rank
