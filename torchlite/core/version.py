"""The version of this release."""

__version__ = "0.1.0"
cuda = hip = xpu = None  # versions PyTorch may have been built with
debug = False
git_version = "Unknown"
