"""Linear algebra: the names of ``torch.linalg``. Leading dimensions are a batch of matrices."""

from types import FunctionType

from torchlite.core.overrides import taken_over
from torchlite.errors import LinAlgError
from torchlite.linalg.elimination import *  # noqa: F403
from torchlite.linalg.factors import *  # noqa: F403
from torchlite.linalg.inverses import *  # noqa: F403
from torchlite.linalg.least_squares import *  # noqa: F403
from torchlite.linalg.norms import *  # noqa: F403
from torchlite.linalg.products import *  # noqa: F403
from torchlite.linalg.solvers import *  # noqa: F403
from torchlite.linalg.spectra import *  # noqa: F403

for _name, _function in list(globals().items()):
    if isinstance(_function, FunctionType) and _function is not taken_over:
        globals()[_name] = taken_over(_function)
