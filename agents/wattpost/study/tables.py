"""The two tables of a run folder, as parquet files that pandas, polars, duckdb and R all read.

`days.parquet`, one row per (day, post):

==========  ======================================================================================
day         the market day, from 1
period      the post: 1..T electricity, 0 the consumption good
bids        bytecoin bid on the post
offered     kWh (post 0: units of the good) offered
delivered   what was really there to share out
price       bytecoin per unit, bids / delivered; null when nothing was traded
dust        bytecoin left by rounding
==========  ======================================================================================

`agents.parquet`, one row per (day, agent), agents in the scenario's order:

=================  ===============================================================================
day, agent         the market day and the agent's address
name, kind         as in the scenario; "standard" or "producer"
submitted          whether it bid that day; if not, `note` says why
bids               T + 1 amounts of bytecoin, [0] on the consumption good
offers             T amounts of kWh (zeros for a standard agent)
allocations        T + 1 amounts bought: [0] of the good, then kWh
revenue            bytecoin from sales
relayed            whether a relayer carried its bid
own_gas            gas of its own transactions, failed ones included, and its share of the batches
                   that carried its bid
shared_gas         its share of the day's common gas
verification_kwh   energy burnt to validate its payments: kappa * (own_gas + shared_gas)
consumed_kwh       what was left to use
arrears_kwh        verification energy that no purchase has covered yet
store_kwh          held in its store when the day was done
bytecoin           held at the end of the day
gap                what a best response would have added, in consumption equivalents (0.001 is
                   0.1 %), infinite where no growth would do; null when not computed, and
                   then no report calls the day settled
utility            of the day's consumption; null when not computed
shadow_price       what a kWh less of verification would have been worth to it, in utility per kWh, at
                   its best response of that day (lambda); null where no action is worth more than
                   minus infinity
shadow_prices      the same in each state of validation, chances divided out, by what the states
                   multiply gas with (lambda_s); one number where validation is certain
note               anything unusual, such as why the agent was absent; else null
=================  ===============================================================================

A file appears whole or not at all: it is written beside its place and moved there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from wattpost.chain.files import whole_file

_AMOUNT = pa.float64()
_AMOUNTS = pa.list_(pa.field("element", pa.float64(), nullable=False))


def _schema(**columns: Any) -> Any:
    """Columns in order; a tuple ``(type,)`` marks one that may be null."""
    return pa.schema(
        [
            pa.field(name, *kind) if isinstance(kind, tuple) else pa.field(name, kind, nullable=False)
            for name, kind in columns.items()
        ]
    )


DAYS = _schema(
    day=pa.int32(),
    period=pa.int16(),
    bids=_AMOUNT,
    offered=_AMOUNT,
    delivered=_AMOUNT,
    price=(_AMOUNT,),
    dust=_AMOUNT,
)
AGENTS = _schema(
    day=pa.int32(),
    agent=pa.string(),
    name=pa.string(),
    kind=pa.string(),
    submitted=pa.bool_(),
    bids=_AMOUNTS,
    offers=_AMOUNTS,
    allocations=_AMOUNTS,
    revenue=_AMOUNT,
    relayed=pa.bool_(),
    own_gas=pa.int64(),
    shared_gas=pa.int64(),
    verification_kwh=_AMOUNT,
    consumed_kwh=_AMOUNT,
    arrears_kwh=_AMOUNT,
    store_kwh=_AMOUNT,
    bytecoin=_AMOUNT,
    gap=(_AMOUNT,),
    utility=(_AMOUNT,),
    shadow_price=(_AMOUNT,),
    shadow_prices=(_AMOUNTS,),
    note=(pa.string(),),
)


def write_days(path: Path, rows: Iterable[Mapping[str, object]]) -> None:
    """Write `days.parquet`; each row maps the column names above to values."""
    _write(path, rows, DAYS)


def write_agents(path: Path, rows: Iterable[Mapping[str, object]]) -> None:
    """Write `agents.parquet`; columns that may be null may be left out."""
    _write(path, rows, AGENTS)


def _write(path: Path, rows: Iterable[Mapping[str, object]], schema: Any) -> None:
    rows = list(rows)
    for row in rows:
        unknown = set(row) - set(schema.names)
        missing = {field.name for field in schema if not field.nullable and row.get(field.name) is None}
        if unknown or missing:
            what = f"unknown {sorted(unknown)}" if unknown else f"missing {sorted(missing)}"
            raise ValueError(f"{path.name}: a row has {what} columns")
    table = pa.Table.from_pylist([dict(row) for row in rows], schema=schema)
    with whole_file(path) as beside:
        pq.write_table(table, beside, compression="zstd")
