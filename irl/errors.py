"""Every way in which the house says no, as one tree.

::

    IrlError
    ├── Invalid              a value from outside is not acceptable; `field` names it
    │   ├── InvitationRefused    the invitation is missing, unknown or already spent
    │   ├── LinkRefused          a link from a mail is unknown, used or too old
    │   └── PasswordRefused      the password, asked for once more, is not the member's
    ├── Denied               who is asking may not do this
    │   ├── SignInRefused        e-mail and password do not belong together
    │   ├── TokenRefused         the token or session is unknown, ended or revoked
    │   ├── ScopeMissing         the token lacks the scope that this call needs
    │   ├── OperatorOnly         only the operator may do this
    │   └── EventRefused         what was told does not come from the provider of payments
    ├── NotFound             it does not exist, or not for the one who asks
    ├── Conflict             the state of things does not allow it now
    │   ├── LeavingRefused       a member cannot leave now: money is still on its way
    │   ├── MonthNotOver         a month can only be closed once it has ended
    │   ├── MonthOutOfOrder      an earlier month is still open
    │   ├── MonthClosed          a closed month never changes
    │   ├── DepositDecided       the deposit was already approved, declined or reversed
    │   ├── PaymentDiffers       what was paid is not what was asked for: amount, currency, receiver
    │   ├── NotPayable           there is not so much that can leave now
    │   ├── NoPayoutAddress      a payout needs an address first
    │   ├── PayoutDecided        the payout was paid or came back already
    │   ├── AlreadySubscribed    one subscription of a thing at a time
    │   ├── SubscriptionEnded    what has ended is neither paused nor resumed
    │   ├── SandboxOnly          only play money allows this
    │   ├── NothingYet           a statement exists only once its month is closed
    │   └── SettlerAtWork        another process is settling; nothing was done
    ├── Throttled            too many tries; `retry_after_s` says when to come back
    ├── Unavailable          the database cannot be written now; nothing was recorded
    └── ProviderUnavailable  a provider of payments does not answer; `retry_after_s` as above

Errors of use (a wrong argument inside the program) are assertions and crash; they are not here.
The domain knows no HTTP: `api.problems` gives each leaf its status and its name.
"""

from __future__ import annotations


class IrlError(Exception):
    """The root: one sentence for people, and the field it is about where there is one."""

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class Invalid(IrlError):
    """A value from outside is not acceptable; `field` names it."""


class InvitationRefused(Invalid):
    """The invitation is missing, unknown or already spent."""


class LinkRefused(Invalid):
    """A link from a mail is unknown, used or too old."""


class PasswordRefused(Invalid):
    """The password, asked for once more, is not the member's."""


class Denied(IrlError):
    """Who is asking may not do this."""


class SignInRefused(Denied):
    """E-mail and password do not belong together."""


class TokenRefused(Denied):
    """The token or session is unknown, ended or revoked."""


class ScopeMissing(Denied):
    """The token lacks the scope that this call needs."""


class OperatorOnly(Denied):
    """Only the operator may do this."""


class EventRefused(Denied):
    """What was told does not come from the provider of payments; nothing was recorded."""


class NotFound(IrlError):
    """It does not exist, or not for the one who asks: the two are never told apart."""


class Conflict(IrlError):
    """The state of things does not allow it now."""


class LeavingRefused(Conflict):
    """A member cannot leave now: money is still on its way."""


class MonthNotOver(Conflict):
    """A month can only be closed once it has ended, and late scans have had their days."""


class MonthOutOfOrder(Conflict):
    """An earlier month is still open; months close strictly in order."""


class MonthClosed(Conflict):
    """A closed month never changes."""


class DepositDecided(Conflict):
    """The deposit was already approved, declined or reversed."""


class PaymentDiffers(Conflict):
    """What was paid is not what was asked for; it is noted and never booked."""


class NotPayable(Conflict):
    """There is not so much that can leave now."""


class NoPayoutAddress(Conflict):
    """A payout needs an address first."""


class PayoutDecided(Conflict):
    """The payout was paid or came back already."""


class AlreadySubscribed(Conflict):
    """One subscription of a thing at a time."""


class SubscriptionEnded(Conflict):
    """What has ended is neither paused nor resumed."""


class SandboxOnly(Conflict):
    """Only play money allows this."""


class NothingYet(Conflict):
    """A statement exists only once its month is closed."""


class SettlerAtWork(Conflict):
    """Another process is settling this month; nothing was done here."""


class Throttled(IrlError):
    """Too many tries; come back after `retry_after_s` seconds."""

    def __init__(self, message: str, *, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Unavailable(IrlError):
    """The database cannot be written now; nothing was recorded."""


class ProviderUnavailable(IrlError):
    """A provider of payments does not answer, or not as it should; what it did is not known."""

    def __init__(self, message: str, *, retry_after_s: int = 10) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
