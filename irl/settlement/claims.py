"""What must be true of the tables, each as one comparison in SQL that both engines understand."""

from __future__ import annotations

from typing import Final

from irl.settlement.claim import Never, Same
from irl.settlement.claims_out import OUT

CLAIMS: Final[tuple[Same | Never, ...]] = (
    Same(
        "balances are what the transfers say (account, micros)",
        "SELECT account, balance_micros FROM balances WHERE balance_micros <> 0",
        """SELECT account, sum(micros) FROM (
              SELECT debit_account AS account, -amount_micros AS micros FROM transfers
              UNION ALL SELECT credit_account, amount_micros FROM transfers) AS sides
            GROUP BY account HAVING sum(micros) <> 0""",
    ),
    Never(
        "all balances sum to zero (micros)",
        """SELECT total FROM (SELECT sum(balance_micros) AS total FROM balances) AS t
           WHERE total <> 0""",
    ),
    Never(
        "only providers and the loss account are below zero (account, micros)",
        """SELECT account, balance_micros FROM balances
           WHERE balance_micros < 0 AND account % 8 NOT IN (3, 4)""",
    ),
    Never(
        "a closed month's clearing account is zero (month, micros)",
        """SELECT m.month, b.balance_micros FROM months m
           JOIN balances b ON b.account = m.month * 8 + 5
           WHERE m.state = 'closed' AND b.balance_micros <> 0""",
    ),
    Never(
        "only closed months have transfers (kind, month)",
        """SELECT DISTINCT t.kind, t.subject FROM transfers t
           LEFT JOIN months m ON m.month = t.subject AND m.state = 'closed'
           WHERE t.kind IN ('pot', 'share', 'charity') AND m.month IS NULL""",
    ),
    Same(
        "each pot is one transfer (month, member, from, to, micros)",
        "SELECT month, member_id, member_id * 8 + 1 AS payer, month * 8 + 5 AS clearing, pot_micros FROM pots",
        """SELECT subject, part, debit_account, credit_account, amount_micros
           FROM transfers WHERE kind = 'pot'""",
    ),
    Never(
        "a pot is the smaller of budget and funds (month, member)",
        """SELECT month, member_id FROM pots WHERE pot_micros <> CASE
             WHEN budget_micros < funds_micros THEN budget_micros ELSE funds_micros END""",
    ),
    Same(
        "draws make up the pots (month, member, micros)",
        "SELECT month, member_id, pot_micros FROM pots",
        "SELECT month, member_id, sum(amount_micros) FROM draws GROUP BY month, member_id",
    ),
    Never(
        "a draw is from a lot of the same member (month, member, lot)",
        """SELECT d.month, d.member_id, d.lot_id FROM draws d
           LEFT JOIN lots l ON l.id = d.lot_id AND l.member_id = d.member_id
           WHERE l.id IS NULL""",
    ),
    Same(
        "what a lot lacks was drawn from it (lot, micros)",
        """SELECT l.id, l.amount_micros - l.left_micros FROM lots l
           LEFT JOIN deposits d ON d.id = l.deposit_id AND d.state = 'reversed'
           WHERE d.id IS NULL AND l.left_micros <> l.amount_micros""",
        """SELECT w.lot_id, sum(w.amount_micros) FROM (
              SELECT lot_id, amount_micros FROM draws
              UNION ALL SELECT subject, amount_micros FROM transfers WHERE kind = 'leaving') AS w
            JOIN lots l ON l.id = w.lot_id
            LEFT JOIN deposits d ON d.id = l.deposit_id AND d.state = 'reversed'
            WHERE d.id IS NULL GROUP BY w.lot_id""",
    ),
    Never(
        "nothing is left of a reversed deposit (lot, micros)",
        """SELECT l.id, l.left_micros FROM deposits d JOIN lots l ON l.deposit_id = d.id
           WHERE d.state = 'reversed' AND l.left_micros <> 0""",
    ),
    Same(
        "funds are what is left of the lots (account, micros)",
        "SELECT account, balance_micros FROM balances WHERE account % 8 = 1 AND balance_micros <> 0",
        """SELECT member_id * 8 + 1, sum(left_micros) FROM lots
            GROUP BY member_id HAVING sum(left_micros) <> 0""",
    ),
    Same(
        "receipts are what the makers got (month, maker, micros)",
        """SELECT month, maker_id * 8 + 2, sum(amount_micros) FROM receipts
            GROUP BY month, maker_id HAVING sum(amount_micros) <> 0""",
        """SELECT subject, credit_account, sum(amount_micros) FROM transfers
            WHERE kind = 'share' GROUP BY subject, credit_account""",
    ),
    Same(
        "idle pots are what charities got (month, account, day, micros)",
        """SELECT month, charity_id * 8 + 6, payable_on, sum(pot_micros) FROM pots
            WHERE charity_id IS NOT NULL GROUP BY month, charity_id, payable_on""",
        """SELECT subject, credit_account, payable_on, amount_micros FROM transfers
           WHERE kind = 'charity'""",
    ),
    Never(
        "an idle pot went to charity after two warnings that were taken in time (month, member)",
        """SELECT p.month, p.member_id FROM pots p JOIN months m ON m.month = p.month
           WHERE p.charity_id IS NOT NULL AND m.early = 0 AND (SELECT count(*) FROM warnings w
             WHERE w.month = p.month AND w.member_id = p.member_id AND w.sent_at < m.ends_at) < 2""",
    ),
    Same(
        "pots are paid out on the day that their lots allow (month, day, micros)",
        """SELECT month, payable_on, sum(pot_micros) FROM pots
            WHERE charity_id IS NULL GROUP BY month, payable_on""",
        """SELECT subject, payable_on, sum(amount_micros) FROM transfers
            WHERE kind = 'share' GROUP BY subject, payable_on""",
    ),
    Never(
        "a transfer's part names its maker or charity and its day (kind, month, part)",
        """SELECT kind, subject, part FROM transfers WHERE kind IN ('share', 'charity')
            AND part <> (credit_account / 8) * 100000000 + payable_on""",
    ),
    Same(
        "each booked deposit is one transfer to funds (deposit, account, micros)",
        """SELECT id, member_id * 8 + 1, net_micros FROM deposits
           WHERE booked_at IS NOT NULL AND net_micros > 0""",
        "SELECT subject, credit_account, amount_micros FROM transfers WHERE kind = 'deposit'",
    ),
    Same(
        "each booked deposit is one transfer of its fee (deposit, account, micros)",
        "SELECT id, 0, fee_micros FROM deposits WHERE booked_at IS NOT NULL AND fee_micros > 0",
        "SELECT subject, credit_account, amount_micros FROM transfers WHERE kind = 'fee'",
    ),
    Never(
        "a deposit is its net amount and its fee (deposit)",
        "SELECT id FROM deposits WHERE net_micros + fee_micros <> amount_micros",
    ),
    Never(
        "a deposit is booked exactly when it has an instant for it (deposit, state)",
        """SELECT id, state FROM deposits
           WHERE (state IN ('booked', 'reversed')) <> (booked_at IS NOT NULL)""",
    ),
    Same(
        "each booked deposit is one lot (deposit, member, micros)",
        "SELECT id, member_id, net_micros FROM deposits WHERE booked_at IS NOT NULL",
        """SELECT deposit_id, member_id, amount_micros FROM lots
           WHERE deposit_id IS NOT NULL""",
    ),
    Same(
        "what a provider kept of a deposit was paid once (deposit, micros)",
        "SELECT id, commission_micros FROM deposits WHERE commission_micros > 0",
        """SELECT subject, sum(amount_micros) FROM transfers
            WHERE kind = 'commission' GROUP BY subject""",
    ),
    Same(
        "a reversed deposit went back whole (deposit, micros)",
        "SELECT id, amount_micros FROM deposits WHERE state = 'reversed'",
        """SELECT subject, sum(amount_micros) FROM transfers
            WHERE kind LIKE 'reversal@_%' ESCAPE '@' GROUP BY subject""",
    ),
    Same(
        "what reversals took of portions is what they posted (deposit, account, micros)",
        """SELECT subject, account, sum(amount_micros) FROM revenue_draws
           WHERE kind = 'reversal' GROUP BY subject, account""",
        """SELECT subject, debit_account, amount_micros FROM transfers
           WHERE kind = 'reversal_share'""",
    ),
    Same(
        "a placement's flattrs by day sum to those by month (placement, flattrs)",
        """SELECT placement_id, sum(flattrs) FROM placement_days
           GROUP BY placement_id HAVING sum(flattrs) <> 0""",
        """SELECT placement_id, sum(flattrs) FROM placement_months
           GROUP BY placement_id HAVING sum(flattrs) <> 0""",
    ),
    *OUT,
)
