"""A statement goes to SQLite's thread once, and comes back with the same rows as by the driver's own cursor."""

import asyncio
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import text

from hauberk.store import one_hop
from hauberk.store.engine import engine
from hauberk.store.errors import StoreError, clear_errors
from hauberk.store.url import parse


@pytest.mark.parametrize("rows", [0, 1, 63, 64, 65, 500])
def test_rows_come_whole_in_their_order_however_many(tmp_path: Path, rows: int) -> None:
    async def scenario() -> None:
        made = engine(parse(f"sqlite:///{tmp_path / 'x.db'}"))
        async with made.connect() as connection, connection.begin():
            await connection.execute(text("CREATE TABLE t (n INTEGER PRIMARY KEY, x TEXT)"))
            if rows:
                many = await connection.execute(text("INSERT INTO t (n, x) VALUES (:n, :x)"), [{"n": n, "x": f"é{n}"} for n in range(rows)])
                assert many.rowcount == rows
            found = await connection.execute(text("SELECT n, x FROM t ORDER BY n"))
            assert list(found.keys()) == ["n", "x"]
            assert [tuple(row) for row in found] == [(n, f"é{n}") for n in range(rows)]
            async with connection.stream(text("SELECT n FROM t ORDER BY n").execution_options(yield_per=50)) as stream:
                parts = [len(part) async for part in stream.partitions(50)]
            assert sum(parts) == rows
            assert all(part == 50 for part in parts[:-1])
            one = await connection.execute(text("SELECT n FROM t ORDER BY n DESC"))
            first = one.first()
            assert (first and first[0]) == (rows - 1 if rows else None)
            returned = await connection.execute(text("UPDATE t SET x = '' RETURNING n"))
            assert len(returned.all()) == rows
            assert (await connection.execute(text("DELETE FROM t"))).rowcount == rows
        await made.dispose()

    asyncio.run(scenario())


def test_a_statement_is_one_hop(tmp_path: Path) -> None:
    class Counted(one_hop.Connection):
        hops = 0

        async def _execute(self, fn, *args, **kwargs):  # type: ignore[no-untyped-def]  # pyright: ignore
            Counted.hops += 1
            return await super()._execute(fn, *args, **kwargs)  # pyright: ignore

    async def scenario() -> None:
        made = Counted(lambda: sqlite3.connect(tmp_path / "x.db"), iter_chunk_size=64)
        async with made:
            for sql, expected in (
                ("SELECT 1", [(1,)]),
                ("CREATE TABLE t (n)", []),
                ("INSERT INTO t VALUES (1), (2)", []),
                ("SELECT n FROM t", [(1,), (2,)]),
            ):
                before = Counted.hops
                cursor = one_hop.Cursor(made)
                await cursor.execute(sql)
                assert await cursor.fetchall() == expected
                await cursor.close()
                assert Counted.hops == before + 1
            cursor = one_hop.Cursor(made)
            await cursor.execute("SELECT n FROM t UNION ALL SELECT n FROM t ORDER BY 1")
            assert [await cursor.fetchone() for _ in range(5)] == [(1,), (1,), (2,), (2,), None]
            await made.commit()
            before = Counted.hops
            await made.rollback()
            assert Counted.hops == before, "nothing was to be undone"
            await one_hop.Cursor(made).execute("INSERT INTO t VALUES (3)")
            await made.rollback()
            cursor = one_hop.Cursor(made)
            await cursor.execute("SELECT count(*) FROM t")
            assert await cursor.fetchone() == (2,)

    asyncio.run(scenario())


def test_after_a_statement_that_fails_the_next_one_works(tmp_path: Path) -> None:
    async def scenario() -> None:
        made = engine(parse(f"sqlite:///{tmp_path / 'x.db'}"), connections=1)
        for wrong in ("SELECT nonsense", "INSERT INTO nowhere VALUES (1)"):
            with pytest.raises(StoreError), clear_errors():
                async with made.connect() as connection, connection.begin():
                    await connection.execute(text(wrong))
        async with made.connect() as connection, connection.begin():
            assert await connection.scalar(text("SELECT 7")) == 7
        await made.dispose()

    asyncio.run(scenario())
