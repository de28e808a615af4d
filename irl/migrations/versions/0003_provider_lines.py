"""provider lines

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "provider_lines",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("provider_ref", sa.Text(), nullable=False),
        sa.Column("charged_micros", NUMBER, nullable=False),
        sa.Column("moved_micros", NUMBER, nullable=False),
        sa.Column("booked_at", NUMBER, nullable=False),
        sa.CheckConstraint(
            "charged_micros <> 0 OR moved_micros <> 0", name=op.f("ck_provider_lines_changes")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider_lines")),
        sa.UniqueConstraint(
            "provider", "provider_ref", name=op.f("uq_provider_lines_provider_provider_ref")
        ),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )


def downgrade() -> None:
    op.drop_table("provider_lines")
