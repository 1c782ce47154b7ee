"""Linear algebra: the names of ``torch.linalg``. Leading dimensions are a batch of matrices."""

from torchlite.errors import LinAlgError
from torchlite.linalg.elimination import *  # noqa: F403
from torchlite.linalg.factors import *  # noqa: F403
from torchlite.linalg.inverses import *  # noqa: F403
from torchlite.linalg.least_squares import *  # noqa: F403
from torchlite.linalg.norms import *  # noqa: F403
from torchlite.linalg.products import *  # noqa: F403
from torchlite.linalg.solvers import *  # noqa: F403
from torchlite.linalg.spectra import *  # noqa: F403
