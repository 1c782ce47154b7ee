"""Downloading files of trained parameters, cached in the same directory as PyTorch's."""

from __future__ import annotations

import hashlib
import os
import re
import sys
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from torchlite.serialization import load

__all__ = ["download_url_to_file", "get_dir", "load_state_dict_from_url", "set_dir"]

_CHUNK = 1 << 17


class _Settings:
    directory: str | None = None


def get_dir() -> str:
    """The cache directory: ``$TORCH_HOME/hub``, by default ``~/.cache/torch/hub``; see `set_dir`.

    ``$XDG_CACHE_HOME`` replaces ``~/.cache``.
    """
    if _Settings.directory is not None:
        return _Settings.directory
    cache = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    home = os.environ.get("TORCH_HOME", os.path.join(cache, "torch"))
    return os.path.join(os.path.expanduser(home), "hub")


def set_dir(d: str | os.PathLike[str]) -> None:
    """Set the cache directory to `d`."""
    _Settings.directory = os.path.expanduser(d)


def download_url_to_file(
    url: str, dst: str, hash_prefix: str | None = None, progress: bool = True
) -> None:
    """Download `url` to the file `dst`, which appears only when complete and verified.

    Args:
        url: Any URL that urllib supports.
        dst: Where to put the file.
        hash_prefix: What its SHA-256 must start with. Default: anything.
        progress: Show a bar, if tqdm is installed. Default: True.

    Raises: RuntimeError if the hash differs; whatever urllib and the file system raise.
    """
    from urllib.request import Request, urlopen  # takes 30 ms; few programs need it

    target = os.path.expanduser(dst)
    draft = f"{target}.{os.urandom(8).hex()}.partial"
    digest = hashlib.sha256()
    try:
        request = Request(url, headers={"User-Agent": "torchlite.namespaces.hub"})
        with urlopen(request) as source, open(draft, "xb") as file:
            for chunk in _chunks(source, progress):
                file.write(chunk)
                digest.update(chunk)
        if hash_prefix is not None and not digest.hexdigest().startswith(hash_prefix):
            raise RuntimeError(
                f'invalid hash value (expected "{hash_prefix}", got "{digest.hexdigest()}")'
            )
        os.replace(draft, target)
    finally:
        with suppress(FileNotFoundError):  # it was renamed to the target, or never created
            os.remove(draft)


def _chunks(source: Any, progress: bool) -> Iterator[bytes]:
    size = source.headers.get("Content-Length")
    with _bar(int(size) if size else None) if progress else nullcontext() as bar:
        while chunk := source.read(_CHUNK):
            yield chunk
            if bar is not None:
                bar.update(len(chunk))


def _bar(total: int | None) -> Any:
    try:
        from tqdm import tqdm
    except ImportError:  # the bar is optional: pip install 'torchlite[progress]'
        return nullcontext()
    return tqdm(total=total, unit="B", unit_scale=True, unit_divisor=1024)


def load_state_dict_from_url(url: str, model_dir: str | None = None, map_location: Any = None,
                             progress: bool = True, check_hash: bool = False,
                             file_name: str | None = None,
                             weights_only: bool = False) -> Any:  # fmt: skip
    """`torchlite.load` a file from a URL, which is downloaded unless it is cached.

    Args:
        url: URL of the file.
        model_dir: Where it is cached. Default: ``checkpoints`` in `get_dir`.
        map_location, weights_only: As in `torchlite.load`.
        progress: As in `download_url_to_file`.
        check_hash: Whether the name contains the start of the SHA-256: ``name-1a2b3c4d.pth``.
        file_name: The name of the file. Default: the one in `url`.

    Raises: as `download_url_to_file` and `torchlite.load` do.
    """
    folder = Path(get_dir(), "checkpoints") if model_dir is None else Path(model_dir)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / (file_name or os.path.basename(urlparse(url).path))
    if not path.exists():
        sys.stdout.write(f'Downloading: "{url}" to {path}\n')
        found = re.search(r"-([a-f0-9]*)\.", path.name) if check_hash else None
        download_url_to_file(url, str(path), found and found[1], progress)
    return load(path, map_location=map_location, weights_only=weights_only)
