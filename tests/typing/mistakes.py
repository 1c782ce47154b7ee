"""A user's mistakes, one in each line that says so: type checkers find every one."""

import torchlite as torch
import torchlite.nn.functional as F
from torchlite import nn, optim

x = torch.zeros(2, 3)
model = nn.Linear(3, 1)
optimizer = optim.SGD(model.parameters(), lr=0.1)

x.rehsape(2)  # mistake: no such method
torch.zerso(2)  # mistake: no such function
x.shape.foo  # mistake: a Size has no such attribute  # noqa: B018
x.sum(dims=1)  # mistake: no such keyword
x.sum().item().backward()  # mistake: a number has no gradient
x.transpose("rows", 1)  # mistake: a dimension is an int
nn.Linear("3", 1)  # mistake: a width is an int
optimizer.steppp()  # mistake: no such method of an optimizer
optim.Adma(model.parameters())  # mistake: no such optimizer
F.rellu(x)  # mistake: no such function
x.item(0)  # mistake: takes no arguments
x + "1"  # mistake: no operand
torch.arcos(x)  # mistake: no such alias
x.max(dim=1).value  # mistake: the field is called values  # noqa: B018
torch.cuda.is_availabel()  # mistake: no such function of a module imported on first use
x.T()  # mistake: a property is not called
count: str = x.numel()  # mistake: an int
torch.nn.functional.softmax(x, dim="last")  # mistake: a dimension is an int
F.cross_entropy(x, 1)  # mistake: the target is a tensor
x.add_()  # mistake: an operand is missing
