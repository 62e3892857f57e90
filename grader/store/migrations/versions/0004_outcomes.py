"""What was measured and noted stands in `grades` beside `checks`, so that a report on a class reads no records."""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

BLOCK = 500


def upgrade() -> None:
    for name in ("measured", "notes"):
        op.add_column("grades", sa.Column(name, sa.Text, nullable=False, server_default=""))
    _fill()


def _fill() -> None:
    """Out of each grade's record, a block at a time: a store may be larger than the memory."""
    connection = op.get_bind()
    tables = sa.MetaData()
    grades, records = (sa.Table(name, tables, autoload_with=connection) for name in ("grades", "records"))
    names = ("checks", "measured", "notes")
    update = sa.update(grades).where(grades.c.key == sa.bindparam("of_key"))
    update = update.values({name: sa.bindparam(f"its_{name}") for name in names})
    query = sa.select(records).order_by(records.c.key).limit(BLOCK)
    after = ""
    while rows := connection.execute(query.where(records.c.key > after)).all():
        texts = [_texts(json.loads(row.record)) for row in rows]
        made = zip(rows, texts, strict=True)
        connection.execute(update, [{"of_key": row.key, **{f"its_{n}": text[n] for n in names}} for row, text in made])
        after = rows[-1].key


def _texts(record: dict[str, Any]) -> dict[str, str]:
    """checks: name, verdict, points, maximum, misconception, whether answers were compared; nothing that was measured."""
    checks = record["checks"]
    speeds = [check["speed"] for check in checks if check.get("speed")]
    outcomes = [
        [
            *(check.get(field) for field in ("name", "verdict", "points", "max_points", "misconception")),
            bool(check.get("draw_command")) and not check.get("speed"),
        ]
        for check in checks
    ]
    fields = ("function", "device", "measures", "ratio", "verdict", "allowed")
    races = [[({"measures": "time"} | speed).get(field) for field in fields] for speed in speeds]
    return {
        "checks": _json(outcomes),
        "measured": _json([[check["seconds"] for check in checks], races]),
        "notes": _json(record["notes"]) if record["notes"] else "",
    }


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
