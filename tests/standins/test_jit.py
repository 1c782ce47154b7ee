"""torch.jit: programs run unchanged."""

import pytest

import torchlite as torch
from torchlite import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(2, 3)
        self.register_buffer("shift", torch.ones(3))
        self.factor = 2

    def forward(self, x):
        return self.scaled(x) if self.training else x

    @torch.jit.export
    def scaled(self, x):
        return self.linear(x) * self.factor + self.shift


@pytest.mark.parametrize("make", [torch.jit.script, lambda m: torch.jit.trace(m, torch.ones(1, 2))])
def test_a_scripted_module_shares_what_the_module_holds(make):
    net = Net()
    scripted = make(net)
    assert isinstance(scripted, torch.jit.ScriptModule) and isinstance(scripted, Net)
    assert not isinstance(net, torch.jit.ScriptModule) and make(scripted) is scripted
    x = torch.ones(1, 2)
    assert torch.equal(scripted(x), net(x)) and torch.equal(scripted.scaled(x), net(x))
    assert list(scripted.state_dict()) == list(net.state_dict())
    optimizer = torch.optim.SGD(scripted.parameters(), lr=1.0)
    scripted(x).sum().backward()
    optimizer.step()
    scripted.shift.zero_()
    assert torch.equal(scripted(x), net(x)) and net.shift.sum() == 0
    scripted.eval()
    assert scripted(x) is x and net.training
    assert repr(scripted) == repr(net)


def test_functions_stay_what_they_are():
    def double(x):
        return 2 * x

    for decorator in (torch.jit.script, torch.jit.ignore, torch.jit.ignore(drop=True),
                      torch.jit.unused, torch.jit.script_if_tracing):  # fmt: skip
        assert decorator(double) is double
    assert torch.jit.trace(double, torch.ones(1)) is double
    assert torch.jit.annotate(int, 3) == 3
    assert not torch.jit.is_scripting() and not torch.jit.is_tracing()


def test_a_class_derived_from_script_module():
    class Scripted(torch.jit.ScriptModule):
        @torch.jit.script_method
        def forward(self, x):
            return x + 1

    assert Scripted()(torch.ones(1)) == 2


def test_freeze_wants_a_scripted_module_in_evaluation():
    with pytest.raises(RuntimeError, match="Freezing expects a ScriptModule"):
        torch.jit.freeze(Net())
    scripted = torch.jit.script(Net())
    with pytest.raises(RuntimeError, match="eval mode"):
        torch.jit.freeze(scripted)
    assert torch.jit.optimize_for_inference(scripted) is scripted
    assert torch.jit.freeze(scripted.eval()) is scripted


def test_there_are_no_torchscript_files(tmp_path):
    path = tmp_path / "net.pt"
    for save in (torch.jit.script(Net()).save, lambda path: torch.jit.save(Net(), path)):
        with pytest.raises(RuntimeError, match="state_dict"):
            save(path)
    with pytest.raises(RuntimeError, match="state_dict"):
        torch.jit.load(path)
    assert not path.exists()
