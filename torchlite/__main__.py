"""Run a program written for PyTorch: ``python -m torchlite program.py``."""

from __future__ import annotations

import builtins
import importlib.util
import io
import os
import sys
from importlib.machinery import ModuleSpec, SourceFileLoader
from types import CodeType, ModuleType, TracebackType
from typing import Any, NoReturn

from torchlite import compat

USAGE = """\
usage: python -m torchlite program.py [arguments]
       python -m torchlite -m module [arguments]
       python -m torchlite -c code [arguments]

Run a program written for PyTorch: its 'import torch' and 'import torchvision' load torchlite.
Set TORCHLITE_BACKEND=numba to choose the backend."""


def main() -> None:
    """Run the command line, as ``python`` would with the arguments after ``-m torchlite``."""
    what, *rest = sys.argv[1:] or ["", ""]
    if what in ("-h", "--help"):
        print(USAGE)
    elif what in ("-m", "-c") and rest:
        (run_module if what == "-m" else run_code)(*rest)
    elif what.startswith("-") or not what:
        print(USAGE, file=sys.stderr)
        sys.exit(2)
    else:
        run_script(what, *rest)


def run_script(path: str, *arguments: str) -> None:
    """Like ``python path arguments``."""
    full = os.path.abspath(path)
    try:
        with io.open_code(full) as file:
            code = compile(file.read(), full, "exec")
    except OSError as error:
        fail(f"can't open file {full!r}: [Errno {error.errno}] {error.strerror}", 2)
    set_first_path(os.path.dirname(os.path.realpath(path)))
    loader = SourceFileLoader("__main__", full)
    run(code, [path, *arguments], __file__=full, __cached__=None, __loader__=loader)


def run_module(name: str, *arguments: str) -> None:
    """Like ``python -m name arguments``."""
    spec = find_module(name)
    loader: Any = spec.loader
    if not hasattr(loader, "get_code"):
        fail(f"No code object available for {name}")
    run(
        loader.get_code(spec.name), [spec.origin or name, *arguments], __file__=spec.origin,
        __cached__=spec.cached, __loader__=loader, __spec__=spec, __package__=spec.parent,
    )  # fmt: skip


def run_code(source: str, *arguments: str) -> None:
    """Like ``python -c source arguments``."""
    set_first_path("")
    run(compile(source, "<string>", "exec"), ["-c", *arguments])


def find_module(name: str) -> ModuleSpec:
    """The module to run for ``-m name``; for a package, its ``__main__``."""
    try:
        spec = importlib.util.find_spec(name)
        package = spec is not None and spec.submodule_search_locations is not None
        main = importlib.util.find_spec(f"{name}.__main__") if package else spec
    except (ImportError, ValueError) as error:
        kind = type(error).__name__
        fail(f"Error while finding module specification for {name!r} ({kind}: {error})")
    if main is None:
        why = f".__main__; {name!r} is a package and cannot be directly executed" if package else ""
        fail(f"No module named {name}{why}")
    return main


def set_first_path(path: str) -> None:
    """Replace the first entry of ``sys.path``, put there by ``-m torchlite``, with `path`."""
    if not getattr(sys.flags, "safe_path", False):
        sys.path[0] = path


def run(code: CodeType, arguments: list[str], **names: Any) -> None:
    """Execute `code` as the main module, with the globals `names`."""
    main = ModuleType("__main__")
    vars(main).update(names, __builtins__=builtins)
    sys.modules["__main__"] = main
    sys.argv[:] = arguments
    exec(code, vars(main))


def show(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """An excepthook that prints a traceback starting in the program."""
    while trace is not None and trace.tb_frame.f_code is not run.__code__:
        trace = trace.tb_next
    trace = trace and trace.tb_next
    sys.__excepthook__(kind, error.with_traceback(trace), trace)


def fail(message: str, status: int = 1) -> NoReturn:
    """Exit as ``python`` does when there is nothing to run."""
    print(f"{sys.executable}: {message}", file=sys.stderr)
    sys.exit(status)


if __name__ == "__main__":
    compat.install()
    sys.excepthook = show
    main()
