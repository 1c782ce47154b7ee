"""`Trainer` against loops written by hand, and at the turns of a run."""

import math

import pytest

import torchlite as torch
from torchlite import nn
from torchlite.training import Callback, History, Mean, NonFiniteLoss, Trainer
from torchlite.utils.data import DataLoader, TensorDataset


def data(count=40, seed=0):
    torch.manual_seed(seed)
    x = torch.randn(count, 3)
    return x, (x.sum(dim=1) > 0).long()


def net(seed=1):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 2))


def trainer(model=None, lr=0.1, **options):
    model = model or net()
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    return Trainer(model, nn.CrossEntropyLoss(), optimizer, **options)


class Losses(Callback):
    def __init__(self):
        self.seen = []

    def on_batch_end(self, trainer, step, figures):
        self.seen.append(figures["loss"])


def by_hand(x, y, epochs, batch_size=8, accumulate=1, clip=None):
    model, losses = net(), []
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    batches = DataLoader(TensorDataset(x, y), batch_size=batch_size, shuffle=True)
    torch.manual_seed(5)
    for _ in range(epochs):
        for i, (inputs, target) in enumerate(batches, 1):
            loss = nn.functional.cross_entropy(model(inputs), target)
            losses.append(loss.item())
            (loss / accumulate).backward()
            if i % accumulate == 0:
                if clip:
                    nn.utils.clip_grad_norm_(model.parameters(), clip)
                optimizer.step()
                optimizer.zero_grad()
    return losses, model


@pytest.mark.parametrize("source", ["tensors", "dataset", "loader"])
def test_the_losses_are_those_of_a_loop_written_by_hand(source):
    x, y = data()
    expected, model = by_hand(x, y, 3)
    ours, losses = trainer(), Losses()
    torch.manual_seed(5)
    dataset = TensorDataset(x, y)
    given = {
        "tensors": (x, y), "dataset": (dataset,),
        "loader": (DataLoader(dataset, batch_size=8, shuffle=True),),
    }[source]  # fmt: skip
    history = ours.fit(*given, epochs=3, batch_size=8, callbacks=[losses], verbose=False)
    assert losses.seen == expected
    assert history["loss"][0] == pytest.approx(sum(expected[:5]) / 5)
    for a, b in zip(ours.model.parameters(), model.parameters()):
        assert torch.equal(a, b)


def test_accumulated_and_clipped_gradients():
    x, y = data()
    expected, _ = by_hand(x, y, 2, batch_size=4, accumulate=2, clip=0.1)
    losses = Losses()
    ours = trainer(accumulate=2, clip_norm=0.1)
    torch.manual_seed(5)
    ours.fit(x, y, epochs=2, batch_size=4, callbacks=[losses], verbose=False)
    assert losses.seen == pytest.approx(expected, rel=1e-6)


def test_a_rest_of_batches_makes_a_step_of_its_own():
    x, y = data(12)
    ours = trainer(accumulate=2, clip_value=1e-3)
    before = ours.model[3].bias.clone()
    ours.fit(x, y, batch_size=4, shuffle=False, verbose=False)
    moved = (ours.model[3].bias - before).abs()
    assert 0 < float(moved.max()) <= 0.1 * 1e-3 * (1 + 1.9) * 1.01  # two steps with momentum
    assert all(p.grad is None for p in ours.model.parameters())


def test_validation_split_takes_the_end_before_shuffling():
    x, y = data()
    ours = trainer(metrics=["accuracy"])
    history = ours.fit(x, y, epochs=2, validation_split=0.25, verbose=False)
    assert list(history) == ["loss", "accuracy", "val_loss", "val_accuracy"]
    figures = ours.evaluate(x[30:], y[30:])
    assert figures["loss"] == pytest.approx(history["val_loss"][-1])
    assert figures["accuracy"] == history["val_accuracy"][-1]


@pytest.mark.parametrize("form", ["pair", "dataset", "loader"])
def test_validation_data(form):
    x, y = data()
    dataset = TensorDataset(x, y)
    given = {"pair": (x, y), "dataset": dataset, "loader": DataLoader(dataset, 7)}[form]
    history = trainer().fit(x, y, validation_data=given, verbose=False)
    assert len(history["val_loss"]) == 1


def test_evaluation_and_prediction_are_in_evaluation_mode_without_gradients():
    x, y = data()
    ours = trainer()
    ours.model.train()
    first, second = ours.predict(x, batch_size=7), ours.predict(TensorDataset(x, y))
    assert not first.requires_grad and first.shape == (40, 2)
    losses = [ours.evaluate(x, y, batch_size=size)["loss"] for size in (7, 40)]
    assert ours.model.training
    ours.model.eval()  # no dropout
    assert torch.allclose(first, ours.model(x)) and torch.allclose(first, second)
    assert losses == pytest.approx([ours.loss(ours.model(x), y).item()] * 2)


def test_several_inputs():
    class Sum(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(3, 1)

        def forward(self, a, b):
            return self.layer(a + b).squeeze(1)

    torch.manual_seed(0)
    a, b = torch.randn(20, 3), torch.randn(20, 3)
    y = (a + b).sum(dim=1)
    model = Sum()
    ours = Trainer(model, nn.MSELoss(), torch.optim.Adam(model.parameters(), lr=0.1))
    history = ours.fit((a, b), y, epochs=30, verbose=False)
    assert history["loss"][-1] < 0.1 * history["loss"][0]
    assert ours.predict((a, b)).shape == (20,)


def test_a_second_fit_goes_on():
    x, y = data()
    ours = trainer()
    ours.fit(x, y, epochs=2, verbose=False)
    assert len(ours.fit(x, y, epochs=3, verbose=False)["loss"]) == 5


def test_a_line_for_each_epoch_where_nobody_watches(capsys):
    x, y = data()
    trainer(metrics=["accuracy"]).fit(x, y, epochs=2, validation_split=0.5)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[0] for line in lines] == ["epoch 1/2", "epoch 2/2"]
    assert "val_accuracy" in lines[0]
    trainer().fit(x, y, verbose=False)
    assert capsys.readouterr() == ("", "")


def test_ctrl_c_leaves_a_model_and_a_history():
    class Stop(Callback):
        ended = False

        def on_batch_end(self, trainer, step, figures):
            if step == 7:
                raise KeyboardInterrupt

        def on_train_end(self, trainer):
            self.ended = True

    x, y = data()
    stop, ours = Stop(), trainer()
    history = ours.fit(x, y, epochs=9, batch_size=8, callbacks=[stop], verbose=False)
    assert history.interrupted and len(history["loss"]) == 1 and ours.step == 7 and stop.ended
    assert not ours.fit(x, y, verbose=False).interrupted
    assert len(ours.history["loss"]) == 2


@pytest.mark.parametrize("where", ["input", "layer", "parameter", "loss"])
def test_a_loss_that_is_not_finite_says_where(where):
    x, y = data()
    ours = trainer()
    expected = {"input": "input is not finite", "layer": "layer '1' \\(Explode\\) was the first",
                "parameter": "parameter '0.weight'", "loss": "the loss is not"}[where]  # fmt: skip

    class Explode(nn.Module):
        def forward(self, x):
            return x / 0

    if where == "input":
        x[3, 1] = math.nan
    elif where == "layer":
        ours.model[1] = Explode()
    elif where == "parameter":
        with torch.no_grad():
            ours.model[0].weight[0, 0] = math.inf
    else:
        ours.loss = lambda output, target: output.sum() * math.nan
    with pytest.raises(NonFiniteLoss, match=f"the loss of step 1 is .*: .*{expected}") as caught:
        ours.fit(x, y, batch_size=40, verbose=False)
    assert caught.value.step == 1


def test_saved_and_loaded(tmp_path):
    x, y = data()
    whole, losses = trainer(), Losses()
    torch.manual_seed(5)
    whole.fit(x, y, epochs=4, batch_size=8, callbacks=[losses], verbose=False)
    first, second, rest = trainer(), trainer(net(2)), Losses()
    torch.manual_seed(5)
    first.fit(x, y, epochs=2, batch_size=8, verbose=False)
    first.save(tmp_path / "run.pt")
    torch.manual_seed(99)
    second.load(tmp_path / "run.pt")
    second.fit(x, y, epochs=2, batch_size=8, callbacks=[rest], verbose=False)
    assert rest.seen == losses.seen[10:]
    assert second.history == whole.history and second.step == whole.step


def test_metrics_may_be_functions():
    x, y = data()

    def margin(output, target):
        return (output[:, 1] - output[:, 0]).abs().mean()

    ours = trainer(metrics=[margin, Mean(margin, "again")])
    history = ours.fit(x, y, verbose=False)
    assert history["margin"] == history["again"]


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda t, x, y: t.fit(x), TypeError, "got Tensor without targets"),
        (lambda t, x, y: t.fit(x, y, validation_split=1.0), ValueError, "must be in"),
        (lambda t, x, y: t.fit(DataLoader(TensorDataset(x, y)), validation_split=0.5),
         ValueError, "pass validation_data"),
        (lambda t, x, y: t.fit(TensorDataset(x)), TypeError, "a batch must be"),
        (lambda t, x, y: trainer(metrics=["nothing"]), ValueError, "unknown metric 'nothing'"),
        (lambda t, x, y: trainer(metrics=[3]), TypeError, "a metric is"),
        (lambda t, x, y: trainer(accumulate=0), ValueError, "accumulate"),
    ],
)  # fmt: skip
def test_refusals(call, error, text):
    with pytest.raises(error, match=text):
        call(trainer(), *data())


def test_history_to_files(tmp_path):
    history = History()
    history.append({"loss": 2.0})
    history.append({"loss": 1.0, "val_loss": 3.0})
    assert math.isnan(history["val_loss"][0]) and history.epochs == 2
    assert history.best("loss") == 1 and history.best("loss", "max") == 0
    history.to_csv(tmp_path / "h.csv")
    assert (tmp_path / "h.csv").read_text().splitlines() == [
        "epoch,loss,val_loss", "1,2.0,nan", "2,1.0,3.0",
    ]  # fmt: skip
    history.to_json(tmp_path / "h.json")
    assert History.from_json(tmp_path / "h.json")["loss"] == [2, 1]
