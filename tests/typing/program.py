"""A user's program: type checkers find no error in it, even at their strictest."""

from __future__ import annotations

import torchlite as torch
import torchlite.nn.functional as F
from torchlite import Tensor, nn
from torchlite.utils.data import DataLoader, TensorDataset


class Classifier(nn.Module):
    def __init__(self, width: int, classes: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(8, width)
        self.norm = nn.LayerNorm(width)
        self.dropout = nn.Dropout(0.1)
        self.out = nn.Linear(width, classes, bias=False)
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, x: Tensor) -> Tensor:
        h = F.relu(self.norm(self.hidden(x)))
        h = F.gelu(h) + torch.tanh(h).mul_(0.5)
        return F.log_softmax(self.out(self.dropout(h)) * self.scale, dim=-1)


def make_data(count: int, generator: torch.Generator) -> TensorDataset:
    inputs = torch.randn(count, 8, generator=generator)
    targets = (inputs.sum(dim=1) > 0).long()
    return TensorDataset(inputs, targets)


def accuracy(model: nn.Module, inputs: Tensor, targets: Tensor) -> float:
    model.eval()
    with torch.no_grad():
        best = model(inputs).argmax(dim=1)
    return float((best == targets).float().mean().item())


def statistics(x: Tensor) -> dict[str, float]:
    values, indices = x.flatten().sort(descending=True)
    top = x.max(dim=1).values
    spread = x.std(dim=0, keepdim=True)
    rows: int = x.shape[0]
    size: torch.Size = x.size()
    first, last = x[0], x[..., -1:]
    mask = (x > 0) & ~torch.isnan(x)
    kept = torch.where(mask, x, 0.0).clamp(min=-1, max=1)
    parts = torch.cat([first.reshape(1, -1), x.narrow(0, 0, 1)], dim=0).split(1, dim=0)
    product = kept.transpose(0, 1) @ kept + 2 * torch.eye(size[1]) - 1 / (1 + spread**2)
    last += 1
    x[0, 1:3] = torch.arccos(torch.zeros(2, dtype=torch.float32, device="cpu"))
    u, s, vh = torch.linalg.svd(product)
    parts[0].add_(top.median()).masked_fill_(mask[:1], 0.0)
    print(indices.tolist(), values.dtype is torch.float32, x.device, u.T.is_contiguous(), vh.ndim)
    return {"rows": rows, "largest": s.amax().item(), "numel": x.numel()}


def main(epochs: int = 2) -> None:
    data = make_data(64, torch.Generator().manual_seed(0))
    loader = DataLoader(data, batch_size=16, shuffle=True)
    model = Classifier(16, 2).to(torch.float32)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2, weight_decay=0.01)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=0.5)
    for epoch in range(epochs):
        model.train()
        loss = torch.tensor(0.0)
        for inputs, targets in loader:
            loss = nn.functional.nll_loss(model(inputs), targets)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
        scheduler.step()
        print(epoch, f"{loss.item():.4f}", scheduler.get_last_lr())
    inputs, targets = data.tensors
    print(accuracy(model, inputs, targets), statistics(inputs))
    torch.save(model.state_dict(), "model.pt")
    model.load_state_dict(torch.load("model.pt"))


if __name__ == "__main__":
    main()
