"""`summary`, the autograd graph as text, and what notebooks show."""

import pytest

import torchlite as torch
from torchlite import nn
from torchlite.utils.graph import graph


def net():
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, stride=2), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 13 * 13, 10)
    )


def test_shapes_parameters_and_work():
    model = net()
    model[3].bias.requires_grad_(False)
    result = torch.summary(model, (2, 1, 28, 28))
    assert [row.shape for row in result.rows] == [
        (2, 10), (2, 8, 13, 13), (2, 8, 13, 13), (2, 1352), (2, 10),
    ]  # fmt: skip
    assert (result.parameters, result.trainable) == (13_610, 13_600)
    assert result.work == 2 * (8 * 13 * 13 * 9 + 1352 * 10)
    assert result.parameter_bytes == 4 * 13_610
    assert model.training
    text = str(result)
    assert "0: Conv2d" in text and "13,610 (13,600 trainable, 54.4 kB)" in text
    assert result._repr_html_() == f"<pre>{text}</pre>"


def test_without_an_input_and_with_one():
    assert torch.summary(net()).rows[0].shape is None
    embedded = nn.Sequential(nn.Embedding(9, 4), nn.LSTM(4, 5))
    result = torch.summary(embedded, input_data=torch.zeros(2, 3, dtype=torch.int64))
    assert result.rows[2].shape == (2, 3, 5)
    assert torch.summary(embedded, (2, 3), dtypes=[torch.int64]).rows[1].shape == (2, 3, 4)


def test_several_inputs_and_a_transposed_convolution():
    class Both(nn.Module):
        def __init__(self):
            super().__init__()
            self.up = nn.ConvTranspose2d(4, 6, 2, stride=2)

        def forward(self, a, b):
            return self.up(a + b)

    result = torch.summary(Both(), [(1, 4, 5, 5), (1, 4, 5, 5)])
    assert result.rows[1].shape == (1, 6, 10, 10)
    assert result.work == 5 * 5 * 4 * 6 * 2 * 2


def test_the_graph_of_a_tensor(tmp_path):
    model = nn.Linear(3, 2)
    x = torch.ones(1, 3)
    shown = graph((model(x) * 2).sum(), model)
    lines = str(shown).splitlines()
    assert lines[0].split()[:2] == ["0", "SumBackward0"] and "-> 1" in lines[0]
    assert len(shown) == len(lines) and any("weight (2, 3)" in line for line in lines)
    dot = shown.dot()
    assert dot.startswith("digraph") and "n0 -> n1;" in dot and dot.count("->") == 4
    shown.to_html(tmp_path / "g.html")
    page = (tmp_path / "g.html").read_text()
    assert "MulBackward0" in page and page.count("<ul>") == page.count("</ul>")
    with pytest.raises(RuntimeError, match="does not require grad"):
        graph(x)


def test_a_graph_that_meets_again_and_a_deep_one():
    x = torch.ones(2, requires_grad=True)
    y = x * 2
    assert "see above" in graph(y * y, {"x": x})._repr_html_()
    for _ in range(3000):
        y = y + 1
    assert len(graph(y)) == 3002 and "leaf" in graph(y)._repr_html_()


def test_in_notebooks():
    table = torch.tensor([[1.5, 2.0], [3.0, 4.0]])._repr_html_()
    assert table.count("<tr>") == 2 and "<td>1.5</td>" in table and "torch.float32" in table
    assert torch.zeros(50, 50)._repr_html_().count("<td>") == 21 * 21
    assert torch.ones(2, 2, 2)._repr_html_().startswith("<pre>tensor(")
    page = net()._repr_html_()
    assert "Conv2d(1, 8" in page and "13,610 parameters" in page
