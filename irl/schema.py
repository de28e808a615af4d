"""The tables, once, for SQLite and PostgreSQL.

Keys are integers and months are the integer yyyymm; what the outside sees are opaque ids. Amounts
end in `_micros`, instants in `_at` (milliseconds since 1970 UTC), days in `_on` (yyyymmdd). What
is over is marked by an instant (`revoked_at`) and not by a boolean: it then also says when.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite's STRICT tables know INTEGER (64 bit), TEXT and BLOB; PostgreSQL's integer has 32 bit.
Number: Final = BigInteger().with_variant(Integer(), "sqlite")


def _table(name: str, *parts: Any, rowid: bool = True, **options: Any) -> Table:
    return Table(name, metadata, *parts, sqlite_strict=True, sqlite_with_rowid=rowid, **options)


# Closing a month updates most rows of a table at once. With room left in its pages PostgreSQL does
# so in place, without touching an index: 2.5 times as fast.
_UPDATED: Final = {"fillfactor": 50}


def _id() -> Column[int]:
    return Column("id", Number, primary_key=True, autoincrement=True)


def _number(name: str, *, null: bool = False, default: int | None = None) -> Column[int]:
    server_default = None if default is None else text(str(default))
    return Column(name, Number, nullable=null, server_default=server_default)


def _text(name: str, *, null: bool = False) -> Column[str]:
    return Column(name, Text, nullable=null)


def _hash(name: str, *, key: bool = False, null: bool = False) -> Column[str]:
    """Hexadecimal SHA-256 of a secret that we do not keep; text, so that JSON can carry it."""
    return Column(name, Text, primary_key=key, nullable=null)


def _of(name: str, target: str, *, null: bool = False) -> Column[int]:
    return Column(name, Number, ForeignKey(f"{target}.id"), nullable=null)


# --- members -------------------------------------------------------------------------------------

members = _table(
    "members",
    _id(),
    _text("nickname"),
    _text("email", null=True),  # null once the member left: personal rows go, the ledger stays
    _text("email_key", null=True),  # case-folded, for looking up and for uniqueness
    _text("password_hash", null=True),
    _text("seal"),  # 32 random hexadecimal characters that seal this member's flattr ids
    _number("joined_at"),
    _number("operator_at", null=True),
    _number("left_at", null=True),
    _number("last_month", null=True),  # open when the member left; once closed the rest goes
    _number("budget_micros", null=True),  # the budget now; `budgets` has its history
    _number("reload_at", null=True),  # since when a mail says that funds will not last
    _of("charity_id", "charities", null=True),
    _text("language", null=True),  # ISO 639-1; null: what the browser asks for
    _number("shows_flattrs_at", null=True),  # since when makers may see who flattred
    UniqueConstraint("email_key"),
    Index(
        None,
        "shows_flattrs_at",
        sqlite_where=text("shows_flattrs_at IS NOT NULL"),
        postgresql_where=text("shows_flattrs_at IS NOT NULL"),
    ),
)

invitations = _table(
    "invitations",
    _hash("code_hash", key=True),
    _number("created_at"),
    _number("spent_at", null=True),
    _of("member_id", "members", null=True),
    rowid=False,
)

joinings = _table(  # asked to join, e-mail not yet verified
    "joinings",
    _id(),
    _text("nickname"),
    _text("email"),
    _text("email_key"),
    _text("password_hash"),
    _hash("invitation_hash", null=True),
    _of("pocket_id", "pockets", null=True),
    _number("created_at"),
    _text("language", null=True),
    Index(None, "email_key"),
    Index(None, "created_at"),
)

verifications = _table(  # links that were mailed
    "verifications",
    _hash("token_hash", key=True),
    _of("joining_id", "joinings"),
    _number("expires_at"),
    Index(None, "joining_id"),
    rowid=False,
)

tokens = _table(
    "tokens",
    _hash("token_hash", key=True),
    _text("public_id"),
    _of("member_id", "members"),
    _text("name"),
    _number("scopes"),  # bits: 1 flattr, 2 thing, 4 wallet
    _number("created_at"),
    UniqueConstraint("public_id"),
    Index(None, "member_id"),
    rowid=False,
)

sessions = _table(
    "sessions",
    _hash("token_hash", key=True),
    _text("public_id"),
    _of("member_id", "members"),
    _text("device"),  # in a few words, so that its holder knows it again in a list
    _number("created_at"),
    _number("seen_on"),
    _number("expires_at"),
    UniqueConstraint("public_id"),
    Index(None, "member_id"),
    rowid=False,
)

passkeys = _table(  # W3C WebAuthn; binary values in base64url
    "passkeys",
    _text("credential_id"),
    _text("public_id"),
    _of("member_id", "members"),
    _text("public_key"),
    _number("sign_count"),
    _text("name"),
    _number("created_at"),
    _number("used_at", null=True),
    PrimaryKeyConstraint("credential_id"),
    UniqueConstraint("public_id"),
    Index(None, "member_id"),
    rowid=False,
)

challenges = _table(  # of passkeys, each answered once
    "challenges",
    _hash("challenge_hash", key=True),
    _of("member_id", "members", null=True),  # null: who it is turns out at signing in
    _number("expires_at"),
    Index(None, "expires_at"),
    rowid=False,
)

password_links = _table(  # mailed to members who forgot theirs
    "password_links",
    _hash("token_hash", key=True),
    _of("member_id", "members"),
    _number("expires_at"),
    Index(None, "member_id"),
    rowid=False,
)

throttles = _table(  # exact over several workers
    "throttles",
    _text("name"),
    _number("starts_at"),
    _number("tries"),
    PrimaryKeyConstraint("name", "starts_at"),
    rowid=False,
)

outbox = _table(
    "outbox",
    _id(),
    _text("recipient"),
    _text("subject"),
    _text("body"),
    _text("html", null=True),
    _text("message_id"),
    _number("created_at"),
    _number("due_at"),
    _number("tries", default=0),
    _number("sent_at", null=True),
    _number("expires_at", null=True),  # it would be of no use any more
    _text("language", null=True),  # in which it is written; null: English
    _number("forgets", default=0),  # 1: nothing of it is kept once it was sent or is given up
    _text("trouble", null=True),
    UniqueConstraint("message_id"),
    Index(None, "created_at"),
    Index(
        None,
        "due_at",
        sqlite_where=text("sent_at IS NULL"),
        postgresql_where=text("sent_at IS NULL"),
    ),
)

# --- things --------------------------------------------------------------------------------------

things = _table(
    "things",
    _id(),
    _text("public_id"),
    _of("maker_id", "members"),
    _text("title"),
    _text("artist"),
    _text("description"),
    _text("url"),
    _text("category"),
    _text("language"),
    _number("created_at"),
    _number("deleted_at", null=True),
    _number("hidden_at", null=True),
    UniqueConstraint("public_id"),
    Index(None, "maker_id"),
    Index(None, "url"),
)

thing_tags = _table(
    "thing_tags",
    _of("thing_id", "things"),
    _text("tag"),
    PrimaryKeyConstraint("thing_id", "tag"),
    Index(None, "tag"),
    rowid=False,
)

placements = _table(
    "placements",
    _id(),
    _number("code"),  # the 60 random bits of the printed code
    _of("thing_id", "things"),
    _text("name"),
    _number("mask"),  # of the printed symbol, ISO/IEC 18004 table 10
    _number("opens_at", null=True),
    _number("closes_at", null=True),
    _number("created_at"),
    _number("revoked_at", null=True),
    _number("hidden_at", null=True),
    UniqueConstraint("code"),
    Index(None, "thing_id"),
)

pictures = _table(  # drawn anew from what was uploaded, so that nothing else comes along
    "pictures",
    Column("thing_id", Number, ForeignKey("things.id"), primary_key=True, autoincrement=False),
    _text("public_id"),  # changes with the picture, so that browsers may keep each for ever
    _number("width"),  # of the large one, in pixels
    _number("height"),
    _number("set_at"),
    # WebP; at the end, since SQLite walks over what stands before a column that is asked for.
    Column("small", LargeBinary, nullable=False),
    Column("large", LargeBinary, nullable=False),
    UniqueConstraint("public_id"),
)

placement_days = _table(
    "placement_days",
    _of("placement_id", "placements"),
    _number("day_on"),
    _number("visits", default=0),
    _number("flattrs", default=0),
    PrimaryKeyConstraint("placement_id", "day_on"),
    rowid=False,
)

reports = _table(
    "reports",
    _id(),
    _of("thing_id", "things"),
    _of("placement_id", "placements", null=True),
    _text("reason"),
    _text("text"),
    _number("created_at"),
    _number("decided_at", null=True),
    _text("decision", null=True),
    Index(None, "thing_id"),
)

# --- giving --------------------------------------------------------------------------------------

# In key order, as settlement reads them, and without a second index: 30 bytes a flattr.
flattrs = _table(
    "flattrs",
    _number("month"),
    _number("member_id"),
    _number("thing_id"),
    _number("placement_id"),
    _number("given_at"),
    PrimaryKeyConstraint("month", "member_id", "thing_id"),
    rowid=False,
)

placement_months = _table(
    "placement_months",
    _number("placement_id"),
    _number("month"),
    _number("flattrs"),
    PrimaryKeyConstraint("placement_id", "month"),
    rowid=False,
)

nonces = _table(  # what was answered to a nonce; holder is a member's id, or minus a pocket's
    "nonces",
    _number("holder"),
    _text("nonce"),
    _number("payload_hash"),  # 64 bits of BLAKE2b
    _text("outcome"),
    _number("placement_id", null=True),
    _number("month", null=True),
    _number("funded", null=True),
    _number("kept_at"),
    PrimaryKeyConstraint("holder", "nonce"),
    rowid=False,
)

pockets = _table(
    "pockets",
    _id(),
    _hash("word_hash"),
    _number("created_at"),
    _number("emptied_at", null=True),
    UniqueConstraint("word_hash"),
)

pocket_scans = _table(
    "pocket_scans",
    _of("pocket_id", "pockets"),
    _number("thing_id"),
    _number("placement_id"),
    _number("scanned_at"),
    PrimaryKeyConstraint("pocket_id", "thing_id"),
    rowid=False,
)

pocket_words = _table(  # carry a pocket to another device, once
    "pocket_words",
    _hash("word_hash", key=True),
    _of("pocket_id", "pockets"),
    _number("expires_at"),
    Index(None, "pocket_id"),
    rowid=False,
)

# --- money ---------------------------------------------------------------------------------------

# An account is a number: owner * 8 + kind (see money/ledger.py), so it needs no look-up.
# Kinds 3 (a provider) and 4 (the house's losses) may be negative, no other.
balances = _table(
    "balances",
    Column("account", Number, primary_key=True, autoincrement=False),
    _number("balance_micros"),
    CheckConstraint("balance_micros >= 0 OR account % 8 IN (3, 4)", name="covered"),
    postgresql_with=_UPDATED,
)

# Not as NOT IN: for each row that comes SQLite would make a little table of the list first.
NOT_SETTLED: Final = "kind <> 'pot' AND kind <> 'share' AND kind <> 'charity'"

transfers = _table(  # never updated, never deleted: triggers refuse
    "transfers",
    _text("kind"),
    _number("subject"),  # what it is about: a deposit, a month
    _number("part"),  # which part of it: a member, a maker and payable day
    _number("debit_account"),
    _number("credit_account"),
    _number("amount_micros"),
    _number("posted_at"),
    _number("payable_on", null=True),
    PrimaryKeyConstraint("kind", "subject", "part"),
    CheckConstraint("amount_micros > 0", name="positive"),
    CheckConstraint("debit_account <> credit_account", name="two_sides"),
    # Settlement's transfers are found by their key; without them an account's others are few, and
    # closing a month pays nothing for these indexes. A query must say the same words to use one.
    *(
        Index(
            f"ix_transfers_{name}",
            name,
            sqlite_where=text(NOT_SETTLED),
            postgresql_where=text(NOT_SETTLED),
        )
        for name in ("debit_account", "credit_account", "posted_at")
    ),
    rowid=False,
)

deposits = _table(
    "deposits",
    _id(),
    _text("public_id"),
    _of("member_id", "members"),
    _text("provider"),
    _text("state"),  # pending, booked, declined, reversed
    _number("amount_micros"),
    _number("fee_micros"),
    _number("net_micros"),
    _number("created_at"),
    _number("booked_at", null=True),
    _number("reversed_at", null=True),
    _text("rules"),
    _text("provider_ref", null=True),  # the provider's own name for it: PayPal's order
    _text(
        "capture_ref", null=True
    ),  # … and for the payment: PayPal's capture, Skrill's transaction
    _text("pay_url", null=True),  # where the member pays
    _number("commission_micros", null=True),  # what the provider kept
    UniqueConstraint("public_id"),
    UniqueConstraint("provider", "provider_ref"),
    Index(None, "member_id"),
    Index(
        None,
        "created_at",
        sqlite_where=text("state = 'pending'"),
        postgresql_where=text("state = 'pending'"),
    ),
    CheckConstraint("fee_micros + net_micros = amount_micros", name="whole"),
)

provider_events = _table(  # what providers told, each once
    "provider_events",
    _text("provider"),
    _text("event"),  # the provider's own id of it
    _text("kind"),
    _of("deposit_id", "deposits", null=True),
    _number("told_at"),
    PrimaryKeyConstraint("provider", "event"),
    Index(None, "told_at"),
    rowid=False,
)

provider_lines = _table(  # of a report, about no deposit and no payout: what the operator says
    "provider_lines",
    _id(),
    _text("provider"),
    _text("provider_ref"),  # the provider's own id of it
    _number("charged_micros"),  # what the provider took, below zero, or gave back
    _number("moved_micros"),  # what went to the house's bank, below zero, or came from there
    _number("booked_at"),
    UniqueConstraint("provider", "provider_ref"),
    CheckConstraint("charged_micros <> 0 OR moved_micros <> 0", name="changes"),
)

lots = _table(  # funds by where they came from, used oldest first
    "lots",
    _id(),
    _of("member_id", "members"),
    _of("deposit_id", "deposits", null=True),  # null: revenue moved to funds
    _number("booked_at"),
    _number("payable_on"),  # earliest day on which a share of it may be paid out
    _number("amount_micros"),
    _number("left_micros"),
    Index(None, "member_id", "booked_at"),
    UniqueConstraint("deposit_id"),
    CheckConstraint("left_micros BETWEEN 0 AND amount_micros", name="left"),
    postgresql_with=_UPDATED,
)

budgets = _table(
    "budgets",
    _number("member_id"),
    _number("set_at"),
    _number("budget_micros", null=True),
    PrimaryKeyConstraint("member_id", "set_at"),
    rowid=False,
)

charities = _table(
    "charities",
    _id(),
    _text("name"),
    _text("url"),
    _number("created_at"),
    _number("retired_at", null=True),
    _text("account_holder", null=True),
    _text("iban", null=True),
)

subscriptions = _table(  # one flattr at the start of each of the next months
    "subscriptions",
    _id(),
    _text("public_id"),
    _of("member_id", "members"),
    _of("thing_id", "things"),
    _of("placement_id", "placements"),
    _number("months"),  # 3, 6 or 12
    _number("last_month"),  # the last for which it gives
    _number("created_at"),
    _number("paused_at", null=True),
    _number("ended_at", null=True),
    UniqueConstraint("public_id"),
    Index(None, "member_id"),
    Index(
        None,
        "member_id",
        "thing_id",
        unique=True,
        sqlite_where=text("ended_at IS NULL"),
        postgresql_where=text("ended_at IS NULL"),
    ),
)

subscription_months = _table(  # what a subscription did at the start of a month, once
    "subscription_months",
    _of("subscription_id", "subscriptions"),
    _number("month"),
    _text("outcome"),
    _number("done_at"),
    PrimaryKeyConstraint("subscription_id", "month"),
    rowid=False,
)

warnings = _table(  # mails sent before an idle month gives its pot to charity
    "warnings",
    _number("month"),
    _number("member_id"),
    _number("days"),  # 7 or 2 before the month's end
    _number("sent_at", null=True),  # when the mail server took it; null: it waits in the outbox
    _number("mail_id", null=True),  # in the outbox
    PrimaryKeyConstraint("month", "member_id", "days"),
    Index(None, "mail_id"),
    rowid=False,
)

# --- money out ------------------------------------------------------------------------------------

payout_addresses = _table(
    "payout_addresses",
    Column("member_id", Number, ForeignKey("members.id"), primary_key=True, autoincrement=False),
    _text("method"),  # sepa, paypal, skrill
    _text("holder"),  # the account holder's name
    _text("address"),  # an IBAN, or the provider's e-mail address
    _number("set_at"),
)

payout_files = _table(  # made once, stored, never made again
    "payout_files",
    _id(),
    _text("public_id"),
    _text("method"),
    _number("made_at"),
    _number("payouts"),
    _number("amount_micros"),
    _text("body"),
    _text("body_sha256"),
    UniqueConstraint("public_id"),
)

payouts = _table(  # of a member's revenue, or of what a charity was given
    "payouts",
    _id(),
    _text("public_id"),
    _of("member_id", "members", null=True),
    _of("charity_id", "charities", null=True),
    _text("method"),
    _text("holder"),
    _text("address"),
    _text("state"),  # requested, exported, paid, returned
    _number("amount_micros"),
    _number("requested_at"),
    _number("exported_at", null=True),
    _number("paid_at", null=True),
    _number("returned_at", null=True),
    _of("file_id", "payout_files", null=True),
    _text("provider_ref", null=True),
    _text("trouble", null=True),
    UniqueConstraint("public_id"),
    Index(None, "member_id"),
    Index(None, "state"),
    CheckConstraint("(member_id IS NULL) <> (charity_id IS NULL)", name="one_receiver"),
    CheckConstraint("amount_micros > 0", name="positive"),
)

moves = _table(  # of revenue to funds
    "moves",
    _id(),
    _of("member_id", "members"),
    _number("amount_micros"),
    _number("moved_at"),
    Index(None, "member_id"),
)

revenue_draws = _table(  # which months' money left an account of revenue or of a charity
    "revenue_draws",
    _number("account"),
    _number("month"),  # or minus the number of a lot that a leaver gave
    _number("payable_on"),
    _text("kind"),  # payout, move, reversal
    _number("subject"),  # the id of the payout, move or deposit
    _number("amount_micros"),
    PrimaryKeyConstraint("account", "month", "payable_on", "kind", "subject"),
    CheckConstraint("amount_micros > 0", name="positive"),
    rowid=False,
)

# --- settlement ----------------------------------------------------------------------------------

months = _table(
    "months",
    Column("month", Number, primary_key=True, autoincrement=False),
    _text("state"),  # closing, closed
    _number("early"),
    _number("ends_at"),  # what happened before this instant counts
    _number("closing_at"),
    _number("closed_at", null=True),
    _text("rules"),
)

pots = _table(
    "pots",
    _number("month"),
    _number("member_id"),
    _number("budget_micros"),
    _number("funds_micros"),
    _number("pot_micros"),
    _number("flattrs"),  # how many it was divided over; 0: it went to the charity
    _number("charity_id", null=True),
    _number("payable_on"),
    PrimaryKeyConstraint("month", "member_id"),
    rowid=False,
)

draws = _table(  # which lots a pot was made of
    "draws",
    _number("month"),
    _number("member_id"),
    _number("lot_id"),
    _number("amount_micros"),
    PrimaryKeyConstraint("month", "member_id", "lot_id"),
    Index(None, "lot_id"),
    rowid=False,
)

receipts = _table(  # what a thing received in a month, and whose it was then
    "receipts",
    _number("month"),
    _number("maker_id"),
    _number("thing_id"),
    _number("flattrs"),
    _number("amount_micros"),
    PrimaryKeyConstraint("month", "maker_id", "thing_id"),
    rowid=False,
)

voids = _table(  # flattrs that did not count when the month closed
    "voids",
    _number("month"),
    _number("member_id"),
    _number("thing_id"),
    _text("reason"),  # own_thing, hidden
    PrimaryKeyConstraint("month", "member_id", "thing_id"),
    rowid=False,
)

statement_hashes = _table(  # each statement names the one before it
    "statement_hashes",
    _number("member_id"),
    _number("month"),
    _text("sha256"),
    PrimaryKeyConstraint("member_id", "month"),
    rowid=False,
)

month_figures = _table(  # of closed months, for everybody's eyes; null where it is withheld
    "month_figures",
    _number("month"),
    _text("name"),
    _number("amount_micros", null=True),
    PrimaryKeyConstraint("month", "name"),
    rowid=False,
)

audits = _table(  # what each audit of the ledger found
    "audits",
    _id(),
    _number("audited_at"),
    _number("findings"),  # how many; 0: clean
    _text("first_findings"),  # one a line
)

errands = _table(  # what the operator asked for on a page and `irl clock` does
    "errands",
    _text("name"),  # settle, settle_early, audit
    _number("month"),  # 0 where it is about none
    _number("asked_at"),
    _text("trouble", null=True),  # why it was not done
    PrimaryKeyConstraint("name", "month"),
    rowid=False,
)

house = _table(  # single figures of the house, for instance the settlement's epoch
    "house",
    Column("name", Text, primary_key=True),
    _number("value"),
    rowid=False,
)
