"""the first schema

Revision ID: 0001
Revises:
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


revision: str = "0001"
down_revision: str | None = None
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "balances",
        sa.Column("account", NUMBER, autoincrement=False, nullable=False),
        sa.Column("balance_micros", NUMBER, nullable=False),
        sa.CheckConstraint(
            "balance_micros >= 0 OR account % 8 IN (3, 4)", name=op.f("ck_balances_covered")
        ),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_balances")),
        postgresql_with={"fillfactor": 50},
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_table(
        "budgets",
        sa.Column("member_id", NUMBER, nullable=False),
        sa.Column("set_at", NUMBER, nullable=False),
        sa.Column("budget_micros", NUMBER, nullable=True),
        sa.PrimaryKeyConstraint("member_id", "set_at", name=op.f("pk_budgets")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "charities",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("created_at", NUMBER, nullable=False),
        sa.Column("retired_at", NUMBER, nullable=True),
        sa.Column("account_holder", sa.Text(), nullable=True),
        sa.Column("iban", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_charities")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_table(
        "draws",
        sa.Column("month", NUMBER, nullable=False),
        sa.Column("member_id", NUMBER, nullable=False),
        sa.Column("lot_id", NUMBER, nullable=False),
        sa.Column("amount_micros", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("month", "member_id", "lot_id", name=op.f("pk_draws")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("draws", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_draws_lot_id"), ["lot_id"], unique=False)

    op.create_table(
        "flattrs",
        sa.Column("month", NUMBER, nullable=False),
        sa.Column("member_id", NUMBER, nullable=False),
        sa.Column("thing_id", NUMBER, nullable=False),
        sa.Column("placement_id", NUMBER, nullable=False),
        sa.Column("given_at", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("month", "member_id", "thing_id", name=op.f("pk_flattrs")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "house",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_house")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "month_figures",
        sa.Column("month", NUMBER, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("amount_micros", NUMBER, nullable=True),
        sa.PrimaryKeyConstraint("month", "name", name=op.f("pk_month_figures")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "months",
        sa.Column("month", NUMBER, autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("early", NUMBER, nullable=False),
        sa.Column("ends_at", NUMBER, nullable=False),
        sa.Column("closing_at", NUMBER, nullable=False),
        sa.Column("closed_at", NUMBER, nullable=True),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("month", name=op.f("pk_months")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_table(
        "nonces",
        sa.Column("holder", NUMBER, nullable=False),
        sa.Column("nonce", sa.Text(), nullable=False),
        sa.Column("payload_hash", NUMBER, nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("placement_id", NUMBER, nullable=True),
        sa.Column("month", NUMBER, nullable=True),
        sa.Column("funded", NUMBER, nullable=True),
        sa.Column("kept_at", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("holder", "nonce", name=op.f("pk_nonces")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "outbox",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=True),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("created_at", NUMBER, nullable=False),
        sa.Column("due_at", NUMBER, nullable=False),
        sa.Column("tries", NUMBER, server_default=sa.text("0"), nullable=False),
        sa.Column("sent_at", NUMBER, nullable=True),
        sa.Column("expires_at", NUMBER, nullable=True),
        sa.Column("trouble", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("message_id", name=op.f("uq_outbox_message_id")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_outbox_created_at"), ["created_at"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_outbox_due_at"),
            ["due_at"],
            unique=False,
            sqlite_where=sa.text("sent_at IS NULL"),
            postgresql_where=sa.text("sent_at IS NULL"),
        )

    op.create_table(
        "payout_files",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("made_at", NUMBER, nullable=False),
        sa.Column("payouts", NUMBER, nullable=False),
        sa.Column("amount_micros", NUMBER, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("body_sha256", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payout_files")),
        sa.UniqueConstraint("public_id", name=op.f("uq_payout_files_public_id")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_table(
        "placement_months",
        sa.Column("placement_id", NUMBER, nullable=False),
        sa.Column("month", NUMBER, nullable=False),
        sa.Column("flattrs", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("placement_id", "month", name=op.f("pk_placement_months")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "pockets",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("word_hash", sa.Text(), nullable=False),
        sa.Column("created_at", NUMBER, nullable=False),
        sa.Column("emptied_at", NUMBER, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pockets")),
        sa.UniqueConstraint("word_hash", name=op.f("uq_pockets_word_hash")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_table(
        "pots",
        sa.Column("month", NUMBER, nullable=False),
        sa.Column("member_id", NUMBER, nullable=False),
        sa.Column("budget_micros", NUMBER, nullable=False),
        sa.Column("funds_micros", NUMBER, nullable=False),
        sa.Column("pot_micros", NUMBER, nullable=False),
        sa.Column("flattrs", NUMBER, nullable=False),
        sa.Column("charity_id", NUMBER, nullable=True),
        sa.Column("payable_on", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("month", "member_id", name=op.f("pk_pots")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "receipts",
        sa.Column("month", NUMBER, nullable=False),
        sa.Column("maker_id", NUMBER, nullable=False),
        sa.Column("thing_id", NUMBER, nullable=False),
        sa.Column("flattrs", NUMBER, nullable=False),
        sa.Column("amount_micros", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("month", "maker_id", "thing_id", name=op.f("pk_receipts")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "revenue_draws",
        sa.Column("account", NUMBER, nullable=False),
        sa.Column("month", NUMBER, nullable=False),
        sa.Column("payable_on", NUMBER, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", NUMBER, nullable=False),
        sa.Column("amount_micros", NUMBER, nullable=False),
        sa.CheckConstraint("amount_micros > 0", name=op.f("ck_revenue_draws_positive")),
        sa.PrimaryKeyConstraint(
            "account", "month", "payable_on", "kind", "subject", name=op.f("pk_revenue_draws")
        ),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "statement_hashes",
        sa.Column("member_id", NUMBER, nullable=False),
        sa.Column("month", NUMBER, nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("member_id", "month", name=op.f("pk_statement_hashes")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "throttles",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("starts_at", NUMBER, nullable=False),
        sa.Column("tries", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("name", "starts_at", name=op.f("pk_throttles")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "transfers",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", NUMBER, nullable=False),
        sa.Column("part", NUMBER, nullable=False),
        sa.Column("debit_account", NUMBER, nullable=False),
        sa.Column("credit_account", NUMBER, nullable=False),
        sa.Column("amount_micros", NUMBER, nullable=False),
        sa.Column("posted_at", NUMBER, nullable=False),
        sa.Column("payable_on", NUMBER, nullable=True),
        sa.CheckConstraint("amount_micros > 0", name=op.f("ck_transfers_positive")),
        sa.CheckConstraint("debit_account <> credit_account", name=op.f("ck_transfers_two_sides")),
        sa.PrimaryKeyConstraint("kind", "subject", "part", name=op.f("pk_transfers")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("transfers", schema=None) as batch_op:
        batch_op.create_index(
            "ix_transfers_credit_account",
            ["credit_account"],
            unique=False,
            sqlite_where=sa.text("kind <> 'pot' AND kind <> 'share' AND kind <> 'charity'"),
            postgresql_where=sa.text("kind <> 'pot' AND kind <> 'share' AND kind <> 'charity'"),
        )
        batch_op.create_index(
            "ix_transfers_debit_account",
            ["debit_account"],
            unique=False,
            sqlite_where=sa.text("kind <> 'pot' AND kind <> 'share' AND kind <> 'charity'"),
            postgresql_where=sa.text("kind <> 'pot' AND kind <> 'share' AND kind <> 'charity'"),
        )
        batch_op.create_index(
            "ix_transfers_posted_at",
            ["posted_at"],
            unique=False,
            sqlite_where=sa.text("kind <> 'pot' AND kind <> 'share' AND kind <> 'charity'"),
            postgresql_where=sa.text("kind <> 'pot' AND kind <> 'share' AND kind <> 'charity'"),
        )

    op.create_table(
        "voids",
        sa.Column("month", NUMBER, nullable=False),
        sa.Column("member_id", NUMBER, nullable=False),
        sa.Column("thing_id", NUMBER, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("month", "member_id", "thing_id", name=op.f("pk_voids")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "warnings",
        sa.Column("month", NUMBER, nullable=False),
        sa.Column("member_id", NUMBER, nullable=False),
        sa.Column("days", NUMBER, nullable=False),
        sa.Column("sent_at", NUMBER, nullable=True),
        sa.Column("mail_id", NUMBER, nullable=True),
        sa.PrimaryKeyConstraint("month", "member_id", "days", name=op.f("pk_warnings")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("warnings", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_warnings_mail_id"), ["mail_id"], unique=False)

    op.create_table(
        "joinings",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("nickname", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("email_key", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("invitation_hash", sa.Text(), nullable=True),
        sa.Column("pocket_id", NUMBER, nullable=True),
        sa.Column("created_at", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["pocket_id"], ["pockets.id"], name=op.f("fk_joinings_pocket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_joinings")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    with op.batch_alter_table("joinings", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_joinings_created_at"), ["created_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_joinings_email_key"), ["email_key"], unique=False)

    op.create_table(
        "members",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("nickname", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("email_key", sa.Text(), nullable=True),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("seal", sa.Text(), nullable=False),
        sa.Column("joined_at", NUMBER, nullable=False),
        sa.Column("operator_at", NUMBER, nullable=True),
        sa.Column("left_at", NUMBER, nullable=True),
        sa.Column("budget_micros", NUMBER, nullable=True),
        sa.Column("reload_at", NUMBER, nullable=True),
        sa.Column("charity_id", NUMBER, nullable=True),
        sa.ForeignKeyConstraint(
            ["charity_id"], ["charities.id"], name=op.f("fk_members_charity_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_members")),
        sa.UniqueConstraint("email_key", name=op.f("uq_members_email_key")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_table(
        "pocket_scans",
        sa.Column("pocket_id", NUMBER, nullable=False),
        sa.Column("thing_id", NUMBER, nullable=False),
        sa.Column("placement_id", NUMBER, nullable=False),
        sa.Column("scanned_at", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(
            ["pocket_id"], ["pockets.id"], name=op.f("fk_pocket_scans_pocket_id")
        ),
        sa.PrimaryKeyConstraint("pocket_id", "thing_id", name=op.f("pk_pocket_scans")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "deposits",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("member_id", NUMBER, nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("amount_micros", NUMBER, nullable=False),
        sa.Column("fee_micros", NUMBER, nullable=False),
        sa.Column("net_micros", NUMBER, nullable=False),
        sa.Column("created_at", NUMBER, nullable=False),
        sa.Column("booked_at", NUMBER, nullable=True),
        sa.Column("reversed_at", NUMBER, nullable=True),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.Column("provider_ref", sa.Text(), nullable=True),
        sa.Column("capture_ref", sa.Text(), nullable=True),
        sa.Column("pay_url", sa.Text(), nullable=True),
        sa.Column("commission_micros", NUMBER, nullable=True),
        sa.CheckConstraint(
            "fee_micros + net_micros = amount_micros", name=op.f("ck_deposits_whole")
        ),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_deposits_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deposits")),
        sa.UniqueConstraint(
            "provider", "provider_ref", name=op.f("uq_deposits_provider_provider_ref")
        ),
        sa.UniqueConstraint("public_id", name=op.f("uq_deposits_public_id")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    with op.batch_alter_table("deposits", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_deposits_created_at"),
            ["created_at"],
            unique=False,
            sqlite_where=sa.text("state = 'pending'"),
            postgresql_where=sa.text("state = 'pending'"),
        )
        batch_op.create_index(batch_op.f("ix_deposits_member_id"), ["member_id"], unique=False)

    op.create_table(
        "invitations",
        sa.Column("code_hash", sa.Text(), nullable=False),
        sa.Column("created_at", NUMBER, nullable=False),
        sa.Column("spent_at", NUMBER, nullable=True),
        sa.Column("member_id", NUMBER, nullable=True),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name=op.f("fk_invitations_member_id")
        ),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_invitations")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "moves",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("member_id", NUMBER, nullable=False),
        sa.Column("amount_micros", NUMBER, nullable=False),
        sa.Column("moved_at", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_moves_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_moves")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    with op.batch_alter_table("moves", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_moves_member_id"), ["member_id"], unique=False)

    op.create_table(
        "payout_addresses",
        sa.Column("member_id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("set_at", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name=op.f("fk_payout_addresses_member_id")
        ),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_payout_addresses")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_table(
        "payouts",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("member_id", NUMBER, nullable=True),
        sa.Column("charity_id", NUMBER, nullable=True),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("amount_micros", NUMBER, nullable=False),
        sa.Column("requested_at", NUMBER, nullable=False),
        sa.Column("exported_at", NUMBER, nullable=True),
        sa.Column("paid_at", NUMBER, nullable=True),
        sa.Column("returned_at", NUMBER, nullable=True),
        sa.Column("file_id", NUMBER, nullable=True),
        sa.Column("provider_ref", sa.Text(), nullable=True),
        sa.Column("trouble", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(member_id IS NULL) <> (charity_id IS NULL)", name=op.f("ck_payouts_one_receiver")
        ),
        sa.CheckConstraint("amount_micros > 0", name=op.f("ck_payouts_positive")),
        sa.ForeignKeyConstraint(
            ["charity_id"], ["charities.id"], name=op.f("fk_payouts_charity_id")
        ),
        sa.ForeignKeyConstraint(["file_id"], ["payout_files.id"], name=op.f("fk_payouts_file_id")),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_payouts_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payouts")),
        sa.UniqueConstraint("public_id", name=op.f("uq_payouts_public_id")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    with op.batch_alter_table("payouts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_payouts_member_id"), ["member_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_payouts_state"), ["state"], unique=False)

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
    with op.batch_alter_table("sessions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sessions_member_id"), ["member_id"], unique=False)

    op.create_table(
        "things",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("maker_id", NUMBER, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("artist", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("created_at", NUMBER, nullable=False),
        sa.Column("deleted_at", NUMBER, nullable=True),
        sa.Column("hidden_at", NUMBER, nullable=True),
        sa.ForeignKeyConstraint(["maker_id"], ["members.id"], name=op.f("fk_things_maker_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_things")),
        sa.UniqueConstraint("public_id", name=op.f("uq_things_public_id")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    with op.batch_alter_table("things", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_things_maker_id"), ["maker_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_things_url"), ["url"], unique=False)

    op.create_table(
        "tokens",
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("member_id", NUMBER, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("scopes", NUMBER, nullable=False),
        sa.Column("created_at", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_tokens_member_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_tokens")),
        sa.UniqueConstraint("public_id", name=op.f("uq_tokens_public_id")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("tokens", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_tokens_member_id"), ["member_id"], unique=False)

    op.create_table(
        "verifications",
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("joining_id", NUMBER, nullable=False),
        sa.Column("expires_at", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(
            ["joining_id"], ["joinings.id"], name=op.f("fk_verifications_joining_id")
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_verifications")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("verifications", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_verifications_joining_id"), ["joining_id"], unique=False
        )

    op.create_table(
        "lots",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("member_id", NUMBER, nullable=False),
        sa.Column("deposit_id", NUMBER, nullable=True),
        sa.Column("booked_at", NUMBER, nullable=False),
        sa.Column("payable_on", NUMBER, nullable=False),
        sa.Column("amount_micros", NUMBER, nullable=False),
        sa.Column("left_micros", NUMBER, nullable=False),
        sa.CheckConstraint("left_micros BETWEEN 0 AND amount_micros", name=op.f("ck_lots_left")),
        sa.ForeignKeyConstraint(["deposit_id"], ["deposits.id"], name=op.f("fk_lots_deposit_id")),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_lots_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lots")),
        sa.UniqueConstraint("deposit_id", name=op.f("uq_lots_deposit_id")),
        postgresql_with={"fillfactor": 50},
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    with op.batch_alter_table("lots", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_lots_member_id_booked_at"), ["member_id", "booked_at"], unique=False
        )

    op.create_table(
        "placements",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("code", NUMBER, nullable=False),
        sa.Column("thing_id", NUMBER, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("mask", NUMBER, nullable=False),
        sa.Column("opens_at", NUMBER, nullable=True),
        sa.Column("closes_at", NUMBER, nullable=True),
        sa.Column("created_at", NUMBER, nullable=False),
        sa.Column("revoked_at", NUMBER, nullable=True),
        sa.Column("hidden_at", NUMBER, nullable=True),
        sa.ForeignKeyConstraint(["thing_id"], ["things.id"], name=op.f("fk_placements_thing_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_placements")),
        sa.UniqueConstraint("code", name=op.f("uq_placements_code")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    with op.batch_alter_table("placements", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_placements_thing_id"), ["thing_id"], unique=False)

    op.create_table(
        "provider_events",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("deposit_id", NUMBER, nullable=True),
        sa.Column("told_at", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(
            ["deposit_id"], ["deposits.id"], name=op.f("fk_provider_events_deposit_id")
        ),
        sa.PrimaryKeyConstraint("provider", "event", name=op.f("pk_provider_events")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "thing_tags",
        sa.Column("thing_id", NUMBER, nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["thing_id"], ["things.id"], name=op.f("fk_thing_tags_thing_id")),
        sa.PrimaryKeyConstraint("thing_id", "tag", name=op.f("pk_thing_tags")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("thing_tags", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_thing_tags_tag"), ["tag"], unique=False)

    op.create_table(
        "reports",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("thing_id", NUMBER, nullable=False),
        sa.Column("placement_id", NUMBER, nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", NUMBER, nullable=False),
        sa.Column("decided_at", NUMBER, nullable=True),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["placement_id"], ["placements.id"], name=op.f("fk_reports_placement_id")
        ),
        sa.ForeignKeyConstraint(["thing_id"], ["things.id"], name=op.f("fk_reports_thing_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reports")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    with op.batch_alter_table("reports", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_reports_thing_id"), ["thing_id"], unique=False)

    op.create_table(
        "subscriptions",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("member_id", NUMBER, nullable=False),
        sa.Column("thing_id", NUMBER, nullable=False),
        sa.Column("placement_id", NUMBER, nullable=False),
        sa.Column("months", NUMBER, nullable=False),
        sa.Column("last_month", NUMBER, nullable=False),
        sa.Column("created_at", NUMBER, nullable=False),
        sa.Column("paused_at", NUMBER, nullable=True),
        sa.Column("ended_at", NUMBER, nullable=True),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name=op.f("fk_subscriptions_member_id")
        ),
        sa.ForeignKeyConstraint(
            ["placement_id"], ["placements.id"], name=op.f("fk_subscriptions_placement_id")
        ),
        sa.ForeignKeyConstraint(
            ["thing_id"], ["things.id"], name=op.f("fk_subscriptions_thing_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscriptions")),
        sa.UniqueConstraint("public_id", name=op.f("uq_subscriptions_public_id")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    with op.batch_alter_table("subscriptions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_subscriptions_member_id"), ["member_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_subscriptions_member_id_thing_id"),
            ["member_id", "thing_id"],
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )

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
    op.create_table(
        "subscription_months",
        sa.Column("subscription_id", NUMBER, nullable=False),
        sa.Column("month", NUMBER, nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("done_at", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(
            ["subscription_id"],
            ["subscriptions.id"],
            name=op.f("fk_subscription_months_subscription_id"),
        ),
        sa.PrimaryKeyConstraint("subscription_id", "month", name=op.f("pk_subscription_months")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )

    if op.get_bind().dialect.name == "sqlite":
        for action in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER transfers_no_{action.lower()} BEFORE {action} ON transfers"
                " BEGIN SELECT RAISE(ABORT, 'transfers are never changed'); END"
            )
    else:
        op.execute(
            "CREATE FUNCTION transfers_never_change() RETURNS trigger LANGUAGE plpgsql AS"
            " $$BEGIN RAISE EXCEPTION 'transfers are never changed'; END$$"
        )
        op.execute(
            "CREATE TRIGGER transfers_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON transfers"
            " FOR EACH STATEMENT EXECUTE FUNCTION transfers_never_change()"
        )
    op.execute("INSERT INTO house (name, value) VALUES ('settlement_epoch', 0)")


def downgrade() -> None:
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP TRIGGER transfers_no_change ON transfers")
        op.execute("DROP FUNCTION transfers_never_change")
    op.drop_table("subscription_months")
    op.drop_table("visits")
    with op.batch_alter_table("subscriptions", schema=None) as batch_op:
        batch_op.drop_index(
            batch_op.f("ix_subscriptions_member_id_thing_id"),
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_subscriptions_member_id"))

    op.drop_table("subscriptions")
    with op.batch_alter_table("reports", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_reports_thing_id"))

    op.drop_table("reports")
    with op.batch_alter_table("thing_tags", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_thing_tags_tag"))

    op.drop_table("thing_tags")
    op.drop_table("provider_events")
    with op.batch_alter_table("placements", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_placements_thing_id"))

    op.drop_table("placements")
    with op.batch_alter_table("lots", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_lots_member_id_booked_at"))

    op.drop_table("lots")
    with op.batch_alter_table("verifications", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_verifications_joining_id"))

    op.drop_table("verifications")
    with op.batch_alter_table("tokens", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_tokens_member_id"))

    op.drop_table("tokens")
    with op.batch_alter_table("things", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_things_url"))
        batch_op.drop_index(batch_op.f("ix_things_maker_id"))

    op.drop_table("things")
    with op.batch_alter_table("sessions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sessions_member_id"))

    op.drop_table("sessions")
    with op.batch_alter_table("payouts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_payouts_state"))
        batch_op.drop_index(batch_op.f("ix_payouts_member_id"))

    op.drop_table("payouts")
    op.drop_table("payout_addresses")
    with op.batch_alter_table("moves", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_moves_member_id"))

    op.drop_table("moves")
    op.drop_table("invitations")
    with op.batch_alter_table("deposits", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_deposits_member_id"))
        batch_op.drop_index(
            batch_op.f("ix_deposits_created_at"),
            sqlite_where=sa.text("state = 'pending'"),
            postgresql_where=sa.text("state = 'pending'"),
        )

    op.drop_table("deposits")
    op.drop_table("pocket_scans")
    op.drop_table("members")
    with op.batch_alter_table("joinings", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_joinings_email_key"))
        batch_op.drop_index(batch_op.f("ix_joinings_created_at"))

    op.drop_table("joinings")
    with op.batch_alter_table("warnings", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_warnings_mail_id"))

    op.drop_table("warnings")
    op.drop_table("voids")
    with op.batch_alter_table("transfers", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_transfers_posted_at",
            sqlite_where=sa.text("kind <> 'pot' AND kind <> 'share' AND kind <> 'charity'"),
            postgresql_where=sa.text("kind <> 'pot' AND kind <> 'share' AND kind <> 'charity'"),
        )
        batch_op.drop_index(
            "ix_transfers_debit_account",
            sqlite_where=sa.text("kind <> 'pot' AND kind <> 'share' AND kind <> 'charity'"),
            postgresql_where=sa.text("kind <> 'pot' AND kind <> 'share' AND kind <> 'charity'"),
        )
        batch_op.drop_index(
            "ix_transfers_credit_account",
            sqlite_where=sa.text("kind <> 'pot' AND kind <> 'share' AND kind <> 'charity'"),
            postgresql_where=sa.text("kind <> 'pot' AND kind <> 'share' AND kind <> 'charity'"),
        )

    op.drop_table("transfers")
    op.drop_table("throttles")
    op.drop_table("statement_hashes")
    op.drop_table("revenue_draws")
    op.drop_table("receipts")
    op.drop_table("pots")
    op.drop_table("pockets")
    op.drop_table("placement_months")
    op.drop_table("payout_files")
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.drop_index(
            batch_op.f("ix_outbox_due_at"),
            sqlite_where=sa.text("sent_at IS NULL"),
            postgresql_where=sa.text("sent_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_outbox_created_at"))

    op.drop_table("outbox")
    op.drop_table("nonces")
    op.drop_table("months")
    op.drop_table("month_figures")
    op.drop_table("house")
    op.drop_table("flattrs")
    with op.batch_alter_table("draws", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_draws_lot_id"))

    op.drop_table("draws")
    op.drop_table("charities")
    op.drop_table("budgets")
    op.drop_table("balances")
