"""Records the histories that the replay gate replays: `python -m tests.replay.record`.

Recorded histories are never edited and, once a version is released, never replaced: open cases of that version are like them.
"""

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from temporalio.client import Client, WorkflowHistory

from bench.crowd import Crowd
from bench.lives import PATIENCE_SECONDS, Life, serving
from bench.servers import temporal_server
from tests.replay.histories import FOLDER, write
from tests.replay.scenes import HISTORY_LENGTH, SCENES, Scene

_SUGGESTION = {"limit.historyCount.suggestContinueAsNew": HISTORY_LENGTH}
_TOGETHER = 5


def file_of(scene: Scene, folder: Path = FOLDER) -> Path:
    return folder / scene.process / f"{scene.name}.json"


async def record(scenes: Iterable[Scene], folder: Path = FOLDER, done: Callable[[Path], None] = lambda _: None) -> None:
    """Plays the scenes on servers of their own and keeps their histories."""
    wanted = list(scenes)
    for continues in (False, True):
        chosen = [scene for scene in wanted if scene.continues is continues]
        if chosen:
            await _record(chosen, _SUGGESTION if continues else {}, folder, done)


async def _record(scenes: list[Scene], dynamic: dict[str, int], folder: Path, done: Callable[[Path], None]) -> None:
    gate = asyncio.Semaphore(_TOGETHER)
    async with temporal_server(dynamic, identity="recorder") as server, serving(server.client) as crowd:

        async def one(scene: Scene) -> None:
            async with gate:
                write(file_of(scene, folder), await _played(server.client, crowd, scene))
                done(file_of(scene, folder))

        async with asyncio.TaskGroup() as tasks:
            for scene in scenes:
                tasks.create_task(one(scene))


async def _played(client: Client, crowd: Crowd, scene: Scene) -> WorkflowHistory:
    life = Life(client, crowd, scene.process, workflow_id=scene.name)
    await scene.play(life)
    run_id = None if scene.run is None else await _run_id(client, scene.name, scene.run)
    return await client.get_workflow_handle(scene.name, run_id=run_id).fetch_history()


async def _run_id(client: Client, workflow_id: str, number: int) -> str:
    """The run of that number, counted from 0; lists lag a little."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            runs = [each async for each in client.list_workflows(f"WorkflowId = '{workflow_id}'")]
            if len(runs) > number:
                return sorted(runs, key=lambda each: each.start_time)[number].run_id
            await asyncio.sleep(0.2)


def main(
    names: Annotated[list[str] | None, typer.Argument(help="Scenes to record. All by default.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Record anew what is recorded. Not after a release.")] = False,
) -> None:
    """Record what is not recorded yet; existing files are left alone unless --replace is given."""
    if unknown := set(names or []) - {scene.name for scene in SCENES}:
        raise typer.BadParameter(f"no such scene: {', '.join(sorted(unknown))}")
    chosen = [scene for scene in SCENES if not names or scene.name in names]
    wanted = [scene for scene in chosen if replace or not file_of(scene).exists()]
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("scenes", total=len(wanted))
        asyncio.run(record(wanted, done=lambda _: progress.advance(task)))
    typer.echo(f"recorded {len(wanted)} of {len(chosen)}; {len(chosen) - len(wanted)} were there and are left alone")


if __name__ == "__main__":
    typer.run(main)
