"""The domain of flattr in real life. It knows SQL, never HTTP, never pixels.

The words, one meaning each:

- a **member** joined, by e-mail and with an invitation; the same kind gives and receives
- a **thing** is something in the world: a painting, a song, a stall; its **maker** is a member
- a **placement** is one printed place of a thing, with one **code**; codes are what is printed
- a **payload** is unverified text from a photo or a link; only `qr.code.parse` makes it a code
- a **scan** is a payload handed in, with a **nonce**; it is always answered with an **outcome**
- a **flattr** is one member's sign for one thing in one month; a second is the same flattr
- a **pocket** keeps the scans of a visitor for 30 days
- a **month** is a calendar month in UTC: running, ended, or closed for ever
- a **budget** is what a member gives a month at most; **funds** are prepaid money to give,
  **revenue** is money received
- a **pot** is a giver's money for one month, min(budget, funds); a **share** is what one flattr
  gets of it
- a **transfer** is one immutable line of the ledger; **settlement** closes a month, once
- a **statement** is a member's account of one closed month

Where to look: `members/`, `things/`, `giving/`, `money/`, `settlement/`, each a room with verbs
on nouns; `rules.py` for every number of the house; `schema.py` for the tables; `db.py` for how
they are read and written; `errors.py` for every way of saying no.
"""
