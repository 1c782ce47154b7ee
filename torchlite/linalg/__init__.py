"""Linear algebra: the names of ``torch.linalg``. Leading dimensions are a batch of matrices."""

from types import FunctionType

from torchlite.core.overrides import taken_over
from torchlite.errors import LinAlgError
from torchlite.linalg.elimination import *
from torchlite.linalg.factors import *
from torchlite.linalg.inverses import *
from torchlite.linalg.least_squares import *
from torchlite.linalg.norms import *
from torchlite.linalg.products import *
from torchlite.linalg.solvers import *
from torchlite.linalg.spectra import *

for _name, _function in list(globals().items()):
    if isinstance(_function, FunctionType) and _function is not taken_over:
        globals()[_name] = taken_over(_function)
