"""what the pages need: languages, devices, passkeys, pictures, days of placements, audits

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.add_column("members", sa.Column("language", sa.Text(), nullable=True))
    op.add_column("members", sa.Column("shows_flattrs_at", NUMBER, nullable=True))
    op.add_column("members", sa.Column("last_month", NUMBER, nullable=True))
    op.create_index(
        op.f("ix_members_shows_flattrs_at"),
        "members",
        ["shows_flattrs_at"],
        sqlite_where=sa.text("shows_flattrs_at IS NOT NULL"),
        postgresql_where=sa.text("shows_flattrs_at IS NOT NULL"),
    )
    op.add_column("joinings", sa.Column("language", sa.Text(), nullable=True))
    op.add_column("outbox", sa.Column("language", sa.Text(), nullable=True))
    op.add_column(
        "outbox", sa.Column("forgets", NUMBER, server_default=sa.text("0"), nullable=False)
    )
    _sessions_with_devices()
    _passkeys()
    _things()
    op.create_table(
        "pocket_words",
        sa.Column("word_hash", sa.Text(), nullable=False),
        sa.Column("pocket_id", NUMBER, nullable=False),
        sa.Column("expires_at", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(
            ["pocket_id"], ["pockets.id"], name=op.f("fk_pocket_words_pocket_id")
        ),
        sa.PrimaryKeyConstraint("word_hash", name=op.f("pk_pocket_words")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_pocket_words_pocket_id"), "pocket_words", ["pocket_id"])
    _operators()


def downgrade() -> None:
    op.drop_index(op.f("ix_provider_events_told_at"), "provider_events")
    op.drop_table("errands")
    op.drop_table("audits")
    op.drop_table("pocket_words")
    op.create_table(
        "visits",
        sa.Column("placement_id", NUMBER, nullable=False),
        sa.Column("day_on", NUMBER, nullable=False),
        sa.Column("visits", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(
            ["placement_id"], ["placements.id"], name=op.f("fk_visits_placement_id")
        ),
        sa.PrimaryKeyConstraint("placement_id", "day_on", name=op.f("pk_visits")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO visits SELECT placement_id, day_on, visits FROM placement_days"
        " WHERE visits > 0"
    )
    op.drop_table("placement_days")
    op.drop_table("pictures")
    op.drop_table("password_links")
    op.drop_table("challenges")
    op.drop_table("passkeys")
    op.drop_table("sessions")
    op.create_table(
        "sessions",
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("member_id", NUMBER, nullable=False),
        sa.Column("created_at", NUMBER, nullable=False),
        sa.Column("expires_at", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_sessions_member_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_sessions")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_sessions_member_id"), "sessions", ["member_id"])
    op.drop_column("outbox", "forgets")
    op.drop_column("outbox", "language")
    op.drop_column("joinings", "language")
    op.drop_index(op.f("ix_members_shows_flattrs_at"), table_name="members")
    op.drop_column("members", "last_month")
    op.drop_column("members", "shows_flattrs_at")
    op.drop_column("members", "language")


def _sessions_with_devices() -> None:
    """Make sessions anew: nobody knows the devices of the old ones, so people sign in again."""
    op.drop_table("sessions")
    op.create_table(
        "sessions",
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("member_id", NUMBER, nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("created_at", NUMBER, nullable=False),
        sa.Column("seen_on", NUMBER, nullable=False),
        sa.Column("expires_at", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_sessions_member_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_sessions")),
        sa.UniqueConstraint("public_id", name=op.f("uq_sessions_public_id")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_sessions_member_id"), "sessions", ["member_id"])


def _passkeys() -> None:
    op.create_table(
        "passkeys",
        sa.Column("credential_id", sa.Text(), nullable=False),
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("member_id", NUMBER, nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("sign_count", NUMBER, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", NUMBER, nullable=False),
        sa.Column("used_at", NUMBER, nullable=True),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_passkeys_member_id")),
        sa.PrimaryKeyConstraint("credential_id", name=op.f("pk_passkeys")),
        sa.UniqueConstraint("public_id", name=op.f("uq_passkeys_public_id")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_passkeys_member_id"), "passkeys", ["member_id"])
    op.create_table(
        "challenges",
        sa.Column("challenge_hash", sa.Text(), nullable=False),
        sa.Column("member_id", NUMBER, nullable=True),
        sa.Column("expires_at", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name=op.f("fk_challenges_member_id")
        ),
        sa.PrimaryKeyConstraint("challenge_hash", name=op.f("pk_challenges")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_challenges_expires_at"), "challenges", ["expires_at"])
    op.create_table(
        "password_links",
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("member_id", NUMBER, nullable=False),
        sa.Column("expires_at", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name=op.f("fk_password_links_member_id")
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_password_links")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_password_links_member_id"), "password_links", ["member_id"])


def _operators() -> None:
    op.create_table(
        "audits",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("audited_at", NUMBER, nullable=False),
        sa.Column("findings", NUMBER, nullable=False),
        sa.Column("first_findings", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audits")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_table(
        "errands",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("month", NUMBER, nullable=False),
        sa.Column("asked_at", NUMBER, nullable=False),
        sa.Column("trouble", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("name", "month", name=op.f("pk_errands")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_provider_events_told_at"), "provider_events", ["told_at"])


def _things() -> None:
    op.create_table(
        "pictures",
        sa.Column("thing_id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("width", NUMBER, nullable=False),
        sa.Column("height", NUMBER, nullable=False),
        sa.Column("set_at", NUMBER, nullable=False),
        sa.Column("small", sa.LargeBinary(), nullable=False),
        sa.Column("large", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["thing_id"], ["things.id"], name=op.f("fk_pictures_thing_id")),
        sa.PrimaryKeyConstraint("thing_id", name=op.f("pk_pictures")),
        sa.UniqueConstraint("public_id", name=op.f("uq_pictures_public_id")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_table(
        "placement_days",
        sa.Column("placement_id", NUMBER, nullable=False),
        sa.Column("day_on", NUMBER, nullable=False),
        sa.Column("visits", NUMBER, server_default=sa.text("0"), nullable=False),
        sa.Column("flattrs", NUMBER, server_default=sa.text("0"), nullable=False),
        sa.ForeignKeyConstraint(
            ["placement_id"], ["placements.id"], name=op.f("fk_placement_days_placement_id")
        ),
        sa.PrimaryKeyConstraint("placement_id", "day_on", name=op.f("pk_placement_days")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    # Flattrs given so far are counted on their day too, in UTC.
    day = {
        "sqlite": "CAST(strftime('%Y%m%d', given_at / 1000, 'unixepoch') AS INTEGER)",
        "postgresql": "CAST(to_char(to_timestamp(given_at / 1000) AT TIME ZONE 'UTC', 'YYYYMMDD')"
        " AS bigint)",
    }[op.get_bind().dialect.name]
    op.execute(
        "INSERT INTO placement_days (placement_id, day_on, visits, flattrs)"  # noqa: S608 - our own
        " SELECT placement_id, day_on, sum(visits), sum(flattrs) FROM ("
        "  SELECT placement_id, day_on, visits, 0 AS flattrs FROM visits"
        f"  UNION ALL SELECT placement_id, {day}, 0, count(*) FROM flattrs GROUP BY 1, 2"
        " ) AS days GROUP BY placement_id, day_on"
    )
    op.drop_table("visits")
