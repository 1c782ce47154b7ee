"""Downloads of data set files from the first mirror that has them, verified by checksum."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

_CHUNK = 1 << 16


def download(urls: Iterable[str], target: Path, md5: str) -> None:
    """Download `target` from the first of `urls` that has the right file.

    Raises: RuntimeError listing each failure, and where to put the file manually.
    """
    failures = []
    target.parent.mkdir(parents=True, exist_ok=True)
    for url in urls:
        try:
            fetch(url, target, md5)
            return
        except (OSError, ValueError) as error:  # the next mirror may have it
            failures.append(f"{url}: {error}")
    lines = [f"Error downloading {target.name}", *failures]
    raise RuntimeError("\n".join([*lines, f"Without a network, put the file in {target.parent}"]))


def fetch(url: str, target: Path, md5: str) -> None:
    """Download `url` to `target`, which appears only when complete and verified.

    Raises: OSError if that fails; ValueError if the checksum differs.
    """
    import urllib.request  # slow to import, and rarely needed

    draft = target.with_name(f"{target.name}.{os.urandom(4).hex()}.tmp")
    digest = hashlib.md5(usedforsecurity=False)
    try:
        with urllib.request.urlopen(url, timeout=60) as source, open(draft, "wb") as file:
            for chunk in _chunks(source, target.name):
                file.write(chunk)
                digest.update(chunk)
        if digest.hexdigest() != md5:
            raise ValueError(
                f"expected MD5 {md5}, got {digest.hexdigest()} ({draft.stat().st_size} bytes)"
            )
        os.replace(draft, target)
    finally:
        draft.unlink(missing_ok=True)


def _chunks(source: Any, name: str) -> Iterator[bytes]:
    """The contents of an open URL, with a progress bar if tqdm is installed."""
    size = source.headers.get("Content-Length")
    with _bar(name, int(size) if size else None) as bar:
        while chunk := source.read(_CHUNK):
            yield chunk
            if bar is not None:
                bar.update(len(chunk))


def _bar(name: str, total: int | None) -> Any:
    try:
        from tqdm import tqdm
    except ImportError:  # the bar is optional: `pip install 'torchlite[progress]'`
        return nullcontext()
    return tqdm(desc=name, total=total, unit="B", unit_scale=True, disable=None)


__all__ = ["download", "fetch"]
