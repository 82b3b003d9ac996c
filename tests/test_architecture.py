"""The house rules that a reader relies on: which way imports point, how long things are, what things are called."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("activities", "api", "domain", "playbook", "simulators", "storage", "workers", "workflows")

ALLOWED: dict[str, set[str]] = {
    "domain": set(),
    "playbook": {"domain"},
    "storage": {"domain"},
    "activities": {"domain", "storage", "playbook"},
    "workflows": {"domain", "activities"},
    "api": {"domain", "storage", "playbook", "activities", "workflows"},
    "simulators": {"domain"},
    "workers": {"domain", "storage", "playbook", "activities", "workflows", "api", "simulators"},
}
"""`domain <- storage <- activities <- workflows <- workers, api`. What a package may import beside itself."""

WHAT_WORKFLOWS_MAY_IMPORT_OF_ACTIVITIES = {"models", "contract", "names"}
"""Names and models: a workflow that imports an activity's code would call it in the sandbox or drag its clients along."""

LONGEST_FILE = 400
LONGEST_FUNCTION = 60
EMPTY_WORDS = {"shared", "common", "utils", "helpers", "misc", "util", "helper"}


def sources(*packages: str) -> list[Path]:
    """Every Python file of the packages."""
    return [file for package in packages for file in sorted((ROOT / package).rglob("*.py")) if "__pycache__" not in file.parts]


def imported_modules(file: Path) -> Iterator[tuple[int, str]]:
    """Every module a file imports, with its line; `from a import b` counts as `a` and as `a.b`."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}:{node.lineno}: relative import; the house names its rooms in full"
            assert node.module is not None
            yield node.lineno, node.module
            for alias in node.names:
                yield node.lineno, f"{node.module}.{alias.name}"


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_point_one_way(package: str) -> None:
    wrong = [
        f"{file.relative_to(ROOT)}:{line}: {package} must not import {module}"
        for file in sources(package)
        for line, module in imported_modules(file)
        if (top := module.split(".")[0]) in PACKAGES and top != package and top not in ALLOWED[package]
    ]
    assert not wrong, "\n".join(sorted(set(wrong)))


def test_workflows_import_only_names_and_models_of_activities() -> None:
    wrong = []
    for file in sources("workflows"):
        modules = set(imported_modules(file))
        for line, module in modules:
            parts = module.split(".")
            if parts[0] != "activities" or not _is_module(parts):
                continue
            if parts[-1] not in WHAT_WORKFLOWS_MAY_IMPORT_OF_ACTIVITIES:
                wrong.append(f"{file.relative_to(ROOT)}:{line}: {module} is more than names and models")
    assert not wrong, "\n".join(sorted(wrong))


def _is_module(parts: list[str]) -> bool:
    """Whether the dotted name is a module of ours and not a name in one or a folder on the way to one."""
    return (ROOT.joinpath(*parts)).with_suffix(".py").is_file()


def test_models_that_workflows_import_drag_no_client_along() -> None:
    clients = {"httpx", "sqlalchemy", "aiosmtplib", "psycopg", "obstore"}
    wrong = [
        f"{file.relative_to(ROOT)}:{line}: {module} in a module that workflows import"
        for file in sources("activities")
        if file.stem in WHAT_WORKFLOWS_MAY_IMPORT_OF_ACTIVITIES
        for line, module in imported_modules(file)
        if module.split(".")[0] in clients
    ]
    assert not wrong, "\n".join(wrong)


def test_package_markers_are_empty() -> None:
    """The sandbox imports parent packages again for every run."""
    wrong = [str(file.relative_to(ROOT)) for file in sources(*PACKAGES) if file.name == "__init__.py" and file.stat().st_size]
    assert not wrong


def test_every_folder_of_code_is_a_package() -> None:
    wrong = {str(file.parent.relative_to(ROOT)) for file in sources(*PACKAGES) if not (file.parent / "__init__.py").exists()}
    migrations = {name for name in wrong if name.startswith("storage/migrations")}  # run by Alembic by path
    assert not wrong - migrations


def test_files_are_one_thing() -> None:
    lengths = {file.relative_to(ROOT): len(file.read_text().splitlines()) for file in sources(*PACKAGES, "tests", "bench")}
    too_long = [f"{file}: {length} lines" for file, length in lengths.items() if length > LONGEST_FILE]
    assert not too_long, "\n".join(too_long)


def test_functions_are_one_thing() -> None:
    too_long = []
    for file in sources(*PACKAGES):
        if "migrations" in file.parts:  # a migration is one list of tables
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > LONGEST_FUNCTION:
                    too_long.append(f"{file.relative_to(ROOT)}:{node.lineno}: {node.name} has {length} lines")
    assert not too_long, "\n".join(too_long)


def test_names_say_something() -> None:
    wrong = [
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.stem.strip("_") in EMPTY_WORDS and "__pycache__" not in path.parts
    ]
    assert not wrong
