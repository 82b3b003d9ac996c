"""Writes a new process from templates: contract, workflow, declaration and a test that passes."""

import keyword
import re
import shutil
import subprocess
import sys
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from workers.errors import CommandError

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = Path(__file__).with_name("templates")
LONGEST_NAME = 40


def write_process(name: str, root: Path = ROOT) -> list[Path]:
    """Writes the files of process `name` and returns them.

    Raises CommandError for a name that cannot be a folder, a workflow and a module, and for one that is taken.
    """
    _check(name, root)
    words = name.replace("_", " ")
    values = {
        "name": name,
        "words": words,
        "title": words.capitalize(),
        "class_name": "".join(part.capitalize() for part in name.split("_")),
    }
    folder = root / "workflows" / name
    templates = Environment(
        loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False
    )
    targets = {
        folder / "contract.py": "contract.py.jinja",
        folder / "workflow.py": "workflow.py.jinja",
        folder / "process.py": "process.py.jinja",
        root / "tests" / "workflows" / f"test_{name}.py": "test.py.jinja",
    }
    texts = {target: templates.get_template(template).render(values) for target, template in targets.items()}
    # The folder appears whole: a registry that looks meanwhile must not find half a process.
    draft = folder.with_name(f"_new_{name}")
    try:
        draft.mkdir(parents=True)
        (draft / "__init__.py").touch()
        for target, text in texts.items():
            place = draft / target.name if target.parent == folder else target
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)
        draft.rename(folder)
    except OSError as error:
        shutil.rmtree(draft, ignore_errors=True)
        raise CommandError(f"{folder} cannot be written: {error.strerror}") from error
    written = [folder / "__init__.py", *targets]
    _format(written, root)
    return written


def _format(files: list[Path], root: Path) -> None:
    """Lines break by the length of the name, so the formatter has the last word, where it is installed."""
    ruff = shutil.which("ruff", path=str(Path(sys.executable).parent)) or shutil.which("ruff")
    if ruff is not None:
        subprocess.run([ruff, "format", "--quiet", "--no-cache", *map(str, files)], cwd=root, check=True)


def _check(name: str, root: Path) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name) or len(name) > LONGEST_NAME:
        raise CommandError(
            f"{name!r} cannot be a process: use lower-case words of letters and digits joined by _, for example warranty_claim"
        )
    if keyword.iskeyword(name) or keyword.issoftkeyword(name) or name in sys.stdlib_module_names:
        raise CommandError(f"{name!r} is a word of Python; choose another name")
    if (root / "workflows" / name).exists() or (root / "tests" / "workflows" / f"test_{name}.py").exists():
        raise CommandError(f"the process {name!r} is there already; choose another name or change workflows/{name}")
