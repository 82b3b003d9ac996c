"""Pages of the list with a search, over many tickets: `python -m bench.search`."""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Annotated

import sqlalchemy as sql
import typer
from rich.console import Console
from rich.progress import Progress

from bench import machine
from bench.servers import postgres_database
from storage.engine import Database
from storage.reading import CaseFilter, count_by, list_cases, searched

GOAL_MILLISECONDS = 50
_SENTENCES = 4_000
_TO_DO = ("open", "waiting")
_COUNTED = ("status", "queue", "store", "owner")

QUERIES = {
    "a rare word": "w18000",
    "a word in a hundredth": "w90",
    "a word in half of all": "drill",
    "two words, each common": "drill order",
    "a common word still being typed": "dril",
    "a rare word still being typed": "w1712",
    "an umlaut": "größe lieferung",
    "order": "60017",
    "order, its first digits": "600",
    "purchase order": "PO-350",
    "purchase order, other writing": "po350",
    "tracking number": "1Z999AA10000001550",
    "tracking number in groups": "1Z 999 AA1 0000 0015 50",
    "ticket": "#51000",
    "sender": "buyer77@company77.example",
    "company": "Company 77",
    "Chinese, common": "订单",
    "Chinese, rare": "螺丝刀坏了",
    "Chinese, nobody said it": "单订",
    "a phrase": '"the drill"',
    "without": "order -drill",
    "only without": "-drill",
    "nothing found": "w99999x",
}


def main(
    tickets: Annotated[int, typer.Option(min=1000, help="Tickets with two messages each.")] = 100_000,
    rounds: Annotated[int, typer.Option(min=1, help="Times each search is asked for.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document in place of the table.")] = False,
) -> None:
    """Measure a whole page, rows and counts, for each kind of search; fails when 95 of 100 take longer than the goal."""
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("searches", total=rounds * len(QUERIES))
        taken, filling = asyncio.run(_measured(tickets, rounds, lambda: progress.advance(task)))
    every = sorted(one for times in taken.values() for one in times)
    p95 = every[int(0.95 * len(every))]
    if as_json:
        document = {"machine": machine.description(), "tickets": tickets, "p95_ms": p95, "searches": taken}
        typer.echo(json.dumps(document, indent=2))
    else:
        typer.echo(f"{machine.description()}; {tickets} tickets, filled in {filling:.0f} s")
        for name, times in taken.items():
            typer.echo(f"{name:34} {sorted(times)[len(times) // 2]:7.1f} ms, slowest {max(times):7.1f} ms")
        typer.echo(f"{'p95 over all':34} {p95:7.1f} ms (goal {GOAL_MILLISECONDS})")
    if p95 > GOAL_MILLISECONDS:
        raise typer.Exit(1)


async def _measured(tickets: int, rounds: int, advance: Callable[[], None]) -> tuple[dict[str, list[float]], float]:
    taken: dict[str, list[float]] = {name: [] for name in QUERIES}
    async with postgres_database() as (database, _):
        begin = time.perf_counter()
        await fill(database, tickets)
        filling = time.perf_counter() - begin
        for _ in range(rounds):
            for name, words in QUERIES.items():
                begin = time.perf_counter()
                await show_page(database, words)
                taken[name].append((time.perf_counter() - begin) * 1000)
                advance()
    return taken, filling


async def show_page(database: Database, words: str) -> int:
    """What a page of the inbox asks for; returns how many rows it shows."""
    async with database.begin() as connection:
        wanted = await searched(connection, CaseFilter(status=_TO_DO, words=words))
        page = await list_cases(connection, wanted, 50)
        await count_by(connection, wanted, _COUNTED)
    return len(page.items)


async def fill(database: Database, tickets: int) -> None:
    """Tickets one in seven of which is to do, with words drawn as people use them: the nth most common one n times rarer."""
    async with database.begin() as connection:
        await connection.execute(sql.text("SET LOCAL session_replication_role = replica"))
        for statement in _FILL:
            query = sql.text(statement)
            given = {"tickets": tickets, "sentences": _SENTENCES}
            await connection.execute(query, {name: given[name] for name in given if f":{name}" in statement})
    async with database.engine.connect() as connection:
        automatic = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await automatic.execute(sql.text("VACUUM ANALYZE"))


_FILL = (
    """CREATE TABLE bench_sentences AS
    SELECT n, string_agg(CASE WHEN n % 6 = 0 THEN coalesce(chinese[place], chr(19968 + (place * 37) % 3000) || chr(19968
        + (place * 91) % 3000)) ELSE coalesce(common[place], 'w' || place) || ' ' END, '') AS text
    FROM (SELECT n, floor(power(20000, random()))::int AS place FROM generate_series(1, :sentences) AS n,
              generate_series(1, 45)) AS drawn,
        (SELECT string_to_array('the order drill we please is and our you delivery bestellung wir bitte und die commande nous'
            ' la de et ordine il per pedido el los when where parcel invoice größe lieferung straße rechnung', ' ') AS common,
            string_to_array('订单 发货 请问 我们 什么 收到 退货 发票 损坏 公司 谢谢 物流', ' ') AS chinese) AS words
    GROUP BY n""",
    """INSERT INTO cases (id, process, number, workflow_id, store, title, status, stage, queue, owner, company, orders,
        next_due_at, state, start)
    SELECT gen_random_uuid(), 'ticket', 1000 + n, 'ticket-' || 1000 + n,
        CASE WHEN n % 2 = 0 THEN 'northwind-tools' ELSE 'casa-lumen' END, 'Ticket ' || n, status, 'awaiting_agent',
        (ARRAY['delivery', 'returns', 'finance'])[1 + n % 3], (ARRAY['Emma Clarke', 'Jonas Weber', NULL])[1 + n % 3],
        'Company ' || n % 2000, ARRAY[(10000 + n)::text],
        CASE WHEN status <> 'closed' THEN now() + (random() * 7 - 2) * interval '1 day' END,
        jsonb_build_object('tier', 'gold', 'references', jsonb_build_array(jsonb_build_object('value', 'PO-' || n * 7))), '{}'
    FROM (SELECT n, CASE WHEN n % 10 = 0 THEN 'open' WHEN n % 25 = 1 THEN 'waiting' ELSE 'closed' END AS status
        FROM generate_series(1, :tickets) AS n) AS numbered""",
    """INSERT INTO messages (id, case_id, origin_id, direction, channel, external_id, store, sender, subject, text, full_text,
        nature, delivery, at)
    SELECT gen_random_uuid(), cases.id, cases.id, 'in', 'email', number || '-' || nth, store,
        jsonb_build_object('email', 'buyer' || number % 5000 || '@company' || number % 2000 || '.example'),
        'Order ' || orders[1], said.text || ' PO-' || (number - 1000) * 7 || ' 1Z999AA1' || lpad((number * 31)::text, 10, '0')
            || CASE WHEN number % 5000 = 0 THEN ' 螺丝刀坏了' ELSE '' END,
        CASE WHEN nth = 2 THEN said.text || E'\\n> ' || quoted.text END, 'person', 'received', now() - nth * interval '1 hour'
    FROM cases CROSS JOIN generate_series(1, 2) AS nth
    JOIN bench_sentences AS said ON said.n = 1 + (number * 7919 + nth) % :sentences
    JOIN bench_sentences AS quoted ON quoted.n = 1 + (number * 104729 + nth) % :sentences""",
    "SELECT count(casework_file_words(id)) FROM cases",
)


if __name__ == "__main__":
    typer.run(main)
