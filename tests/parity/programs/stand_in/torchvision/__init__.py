"""What the programs beside need of torchvision, for PyTorch, where that is not installed."""

from torchvision import datasets, transforms  # this very package
