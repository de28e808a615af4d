"""What must be true of money that leaves: payouts, moves to funds, the portions they take from.

So must it of what providers charged, and of what was moved between them and the house's bank.

A payout's accounts are its number * 16 + 7 (reserved) and + 15 (in transit); see money/ledger.py.
"""

from __future__ import annotations

from typing import Final

from irl.settlement.claim import Never, Same

_FROM: Final = "CASE WHEN member_id IS NULL THEN charity_id * 8 + 6 ELSE member_id * 8 + 2 END"
_PROVIDER: Final = "CASE method WHEN 'paypal' THEN 19 WHEN 'skrill' THEN 27 ELSE 35 END"
# A returned payout took nothing.
_STANDING: Final = """SELECT d.* FROM revenue_draws d LEFT JOIN payouts p
  ON d.kind = 'payout' AND p.id = d.subject AND p.state = 'returned' WHERE p.id IS NULL"""


_BANK: Final = 35
_LOSS: Final = 4


def _of_lines(micros: str, other: int) -> str:
    """Say which transfers stand behind one amount of each line; what left a provider is its credit."""
    account = "CASE provider WHEN 'paypal' THEN 19 WHEN 'skrill' THEN 27 END"
    return f"""SELECT id, 0 AS part, CASE WHEN {micros} < 0 THEN {other} ELSE {account} END AS giver,
        CASE WHEN {micros} < 0 THEN {account} ELSE {other} END AS getter, abs({micros})
      FROM provider_lines WHERE {micros} <> 0"""  # noqa: S608 - our own names


def _posted(kind: str) -> str:
    return f"""SELECT subject, part, debit_account, credit_account, amount_micros
               FROM transfers WHERE kind = '{kind}'"""  # noqa: S608 - our own names


OUT: Final[tuple[Same | Never, ...]] = (
    Same(
        "each payout was asked for once (payout, part, from, to, micros)",
        f"SELECT id, 0 AS part, {_FROM} AS giver, id * 16 + 7, amount_micros FROM payouts",  # noqa: S608
        _posted("payout_request"),
    ),
    Same(
        "each payout that was sent is in transit once (payout, part, from, to, micros)",
        """SELECT id, 0 AS part, id * 16 + 7, id * 16 + 15, amount_micros FROM payouts
           WHERE exported_at IS NOT NULL""",
        _posted("payout_export"),
    ),
    Same(
        "each payout that arrived left by its provider once (payout, part, from, to, micros)",
        f"""SELECT id, 0 AS part, id * 16 + 15, {_PROVIDER}, amount_micros FROM payouts
            WHERE paid_at IS NOT NULL""",  # noqa: S608
        _posted("payout_paid"),
    ),
    Never(
        "only a payout that arrived costs something (payout)",
        """SELECT t.subject FROM transfers t
           LEFT JOIN payouts p ON p.id = t.subject AND p.paid_at IS NOT NULL
           WHERE t.kind = 'payout_cost' AND p.id IS NULL""",
    ),
    Same(
        "each payout that came back is where it came from (payout, part, from, to, micros)",
        f"""SELECT id, 0 AS part, CASE WHEN paid_at IS NOT NULL THEN {_PROVIDER}
              WHEN exported_at IS NOT NULL THEN id * 16 + 15 ELSE id * 16 + 7 END,
              {_FROM} AS giver, amount_micros FROM payouts WHERE returned_at IS NOT NULL""",  # noqa: S608
        _posted("payout_return"),
    ),
    Never(
        "a payout's state is what its instants say (payout, state)",
        """SELECT id, state FROM payouts WHERE state <> CASE
             WHEN returned_at IS NOT NULL THEN 'returned' WHEN paid_at IS NOT NULL THEN 'paid'
             WHEN exported_at IS NOT NULL THEN 'exported' ELSE 'requested' END
           OR (paid_at IS NOT NULL AND exported_at IS NULL)""",
    ),
    Same(
        "only payouts on their way hold money (account, micros)",
        """SELECT account, balance_micros FROM balances
           WHERE account % 8 = 7 AND balance_micros <> 0""",
        """SELECT CASE state WHEN 'requested' THEN id * 16 + 7 ELSE id * 16 + 15 END, amount_micros
           FROM payouts WHERE state IN ('requested', 'exported')""",
    ),
    Never(
        "a payout is whole cents (payout, micros)",
        "SELECT id, amount_micros FROM payouts WHERE amount_micros % 10000 <> 0",
    ),
    Same(
        "each payout is made of portions of its own account (payout, account, micros)",
        f"SELECT id, {_FROM} AS giver, amount_micros FROM payouts",  # noqa: S608
        """SELECT subject, account, sum(amount_micros) FROM revenue_draws
           WHERE kind = 'payout' GROUP BY subject, account""",
    ),
    Same(
        "what a file holds is what was sent with it (file, payouts, micros)",
        "SELECT id, payouts, amount_micros FROM payout_files",
        """SELECT file_id, count(*), sum(amount_micros) FROM payouts
           WHERE file_id IS NOT NULL GROUP BY file_id""",
    ),
    Never(
        "a payout was sent with one file, of its own kind (payout)",
        """SELECT p.id FROM payouts p LEFT JOIN payout_files f
             ON f.id = p.file_id AND f.method = p.method
           WHERE p.exported_at IS NOT NULL AND f.id IS NULL""",
    ),
    Same(
        "each move is made of portions of its own account (move, account, micros)",
        "SELECT id, member_id * 8 + 2, amount_micros FROM moves",
        """SELECT subject, account, sum(amount_micros) FROM revenue_draws
           WHERE kind = 'move' GROUP BY subject, account""",
    ),
    Same(
        "each part of a move keeps its payable day (move, day, from, micros)",
        """SELECT subject, payable_on, account, sum(amount_micros) FROM revenue_draws
           WHERE kind = 'move' GROUP BY subject, payable_on, account""",
        """SELECT subject, payable_on, debit_account, amount_micros FROM transfers
           WHERE kind = 'move' AND part = payable_on AND credit_account = debit_account - 1""",
    ),
    Same(
        "what was moved is in lots of the same days (member, day, micros)",
        """SELECT member_id, payable_on, sum(amount_micros) FROM lots
           WHERE deposit_id IS NULL GROUP BY member_id, payable_on""",
        """SELECT debit_account / 8, payable_on, sum(amount_micros) FROM transfers
           WHERE kind = 'move' GROUP BY debit_account, payable_on""",
    ),
    Never(
        "no more left a portion than came into it (account, month, day, micros)",
        f"""SELECT d.account, d.month, d.payable_on, d.micros FROM (
              SELECT account, month, payable_on, sum(amount_micros) AS micros
              FROM ({_STANDING}) AS s GROUP BY account, month, payable_on) AS d
            LEFT JOIN transfers t ON t.subject = abs(d.month)
              AND t.kind = CASE WHEN d.month < 0 THEN 'leaving' WHEN d.account % 8 = 2 THEN 'share'
                ELSE 'charity' END
              AND t.part = (d.account / 8) * 100000000 + d.payable_on
            WHERE t.kind IS NULL OR d.micros > t.amount_micros""",  # noqa: S608
    ),
    Same(
        "revenue and charities' money are what is left of the portions (account, micros)",
        """SELECT account, balance_micros FROM balances
           WHERE account % 8 IN (2, 6) AND balance_micros <> 0""",
        f"""SELECT account, sum(micros) FROM (
              SELECT credit_account AS account, amount_micros AS micros FROM transfers
              WHERE kind IN ('share', 'charity', 'leaving')
              UNION ALL SELECT account, -amount_micros FROM ({_STANDING}) AS s) AS sides
            GROUP BY account HAVING sum(micros) <> 0""",  # noqa: S608
    ),
    Same(
        "what a provider charged is the house's loss, once (line, part, from, to, micros)",
        _of_lines("charged_micros", _LOSS),
        _posted("provider_charge"),
    ),
    Same(
        "what was moved between a provider and the bank is with both (line, part, from, to, micros)",
        _of_lines("moved_micros", _BANK),
        _posted("provider_moved"),
    ),
    Never(
        "only what is left of a leaver's lot goes to charity, whole and with its day (lot)",
        """SELECT t.subject FROM transfers t
           LEFT JOIN lots l ON l.id = t.subject AND t.debit_account = l.member_id * 8 + 1
             AND t.payable_on = l.payable_on AND l.left_micros = 0
           LEFT JOIN members m ON m.id = l.member_id AND m.left_at IS NOT NULL
           LEFT JOIN months c ON c.month = m.last_month AND c.state = 'closed'
           WHERE t.kind = 'leaving' AND (c.month IS NULL OR t.credit_account % 8 <> 6
             OR t.part <> (t.credit_account / 8) * 100000000 + t.payable_on)""",
    ),
)
