"""The layers of the package: which module may import which, and what an import may cost."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
#: Floor -> modules and packages on it; a file imports from its own floor and those below.
FLOORS = (
    ("torchlite.dtypes", "torchlite.errors", "torchlite.core.layouts", "torchlite.core.shapes",
     "torchlite.core.version", "torchlite.core.module_aliases"),
    ("torchlite.backends",),
    ("torchlite.core",),
    ("torchlite.ops", "torchlite.amp", "torchlite.linalg", "torchlite.autograd",
     "torchlite.interpreters",
     "torchlite.random", "torchlite.core.settings", "torchlite.core.types"),
    ("torchlite.nn", "torchlite.compiler", "torchlite.func", "torchlite.optim", "torchlite.utils",
     "torchlite.core.pytorch_names", "torchlite.namespaces", "torchlite.serialization",
     "torchlite.standins"),
    ("torchlite.vision", "torchlite.testing"),
    ("torchlite",),
    ("torchlite.distributions", "torchlite.training"),  # written with the public API
)
HAS_NUMPY = ("torchlite.backends", "torchlite_numba")


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {
    module_name(path): path
    for package in ("torchlite", "torchlite_numba")
    for path in sorted((ROOT / package).rglob("*.py"))
}


def inside(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == p or name.startswith(p + ".") for p in packages)


def floor_of(name: str) -> int:
    """The floor of the longest entry of FLOORS that `name` is, or is inside of."""
    fitting = [(len(entry), i) for i, floor in enumerate(FLOORS) for entry in floor
               if inside(name, (entry,))]  # fmt: skip
    return max(fitting)[1]


def imported(name: str, late: bool, types: bool = False) -> set[str]:
    """The modules that `name` imports: `late`, inside its functions too; `types`, for types too."""
    found: set[str] = set()
    todo: list[ast.AST] = [ast.parse(FILES[name].read_text())]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            source = absolute(name, node)
            members = {f"{source}.{alias.name}" for alias in node.names}
            found |= {m if m in FILES else source for m in members}
        elif (types or not is_type_checking(node)) and (late or not isinstance(node, FUNCTIONS)):
            todo.extend(ast.iter_child_nodes(node))
    return found - {name}


FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def absolute(name: str, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    package = name if FILES[name].name == "__init__.py" else name.rpartition(".")[0]
    parts = package.split(".")
    parts = parts[: len(parts) - node.level + 1]
    return ".".join([*parts, node.module] if node.module else parts)


def is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")


@pytest.mark.parametrize("name", FILES)
def test_a_file_imports_from_its_floor_and_below(name):
    own = floor_of(name) if inside(name, ("torchlite",)) else 1
    upward = {m for m in imported(name, late=True) & FILES.keys()
              if inside(m, ("torchlite",)) and floor_of(m) > own}  # fmt: skip
    assert not upward


@pytest.mark.parametrize("name", FILES)
def test_numpy_is_imported_only_by_backends(name):
    if not inside(name, HAS_NUMPY):
        assert not any(inside(m, ("numpy",)) for m in imported(name, late=True))


#: PyTorch has them under these names, and programs use them.
PYTORCH_S_PRIVATE = ("_BatchNorm", "_Loss", "_NormBase", "_WeightedLoss", "_rebuild_",
                     "_disabled_torch_function_impl")  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_no_private_name_is_imported_from_another_file(name):
    imports = [node for node in ast.walk(ast.parse(FILES[name].read_text()))
               if isinstance(node, ast.ImportFrom) and absolute(name, node) in FILES]  # fmt: skip
    names = {alias.name for node in imports for alias in node.names}
    private = {n for n in names if n.startswith("_") and not n.startswith("__")}
    assert not [n for n in private if not n.startswith(PYTORCH_S_PRIVATE)]


def test_the_numba_backend_sees_what_any_backend_sees():
    allowed = (*FLOORS[0], *FLOORS[1], "torchlite_numba")
    for name in filter(lambda n: inside(n, ("torchlite_numba",)), FILES):
        foreign = {m for m in imported(name, late=True) & FILES.keys() if not inside(m, allowed)}
        assert not foreign, name


@pytest.mark.parametrize("types", [False, True], ids=["at run time", "for types too"])
def test_no_module_imports_itself_through_others(types):
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, " -> ".join([*path[path.index(name) :], name])
        if name not in done:
            root = name == "torchlite"  # it names for types what it imports on first use
            for other in sorted(imported(name, False, types and not root) & FILES.keys()):
                visit(other, (*path, name))
            done.add(name)

    for name in FILES:
        visit(name, ())


def python(code: str, **environment: str) -> str:
    """What a new process prints that runs `code`."""
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True,
                            env={**os.environ, **environment})  # fmt: skip
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def test_import_is_light():
    heavy = "{'numba', 'llvmlite', 'matplotlib', 'torch', 'tqdm'}"
    code = f"import sys, torchlite; print(sorted({heavy} & sys.modules.keys()))"
    assert python(code, TORCHLITE_BACKEND="") == "[]"


@pytest.fixture
def no_numba(tmp_path):
    """Environment variables of a process in which numba cannot be imported."""
    (tmp_path / "numba.py").write_text("raise ModuleNotFoundError('No module named numba')")
    return {"PYTHONPATH": str(tmp_path), "TORCHLITE_BACKEND": ""}


def test_without_numba_everything_basic_works(no_numba):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_tiny.py"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True,
                            env={**os.environ, **no_numba})  # fmt: skip
    assert result.returncode == 0, result.stdout
    assert "failed" not in result.stdout


def test_without_numba_asking_for_it_tells_what_to_install(no_numba):
    use = "torchlite.backends.use('numba')"
    code = f"import torchlite\ntry: {use}\nexcept RuntimeError as error: print(error)"
    assert "pip install 'torchlite[numba]'" in python(code, **no_numba)


def test_the_environment_variable_chooses_the_backend():
    pytest.importorskip("numba")
    code = "import torchlite; print(torchlite.backends.current().name)"
    assert python(code, TORCHLITE_BACKEND="numba") == "numba"
