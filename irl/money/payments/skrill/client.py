"""Requests to Skrill: forms in, and answers of several kinds out."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl, urlencode

from irl.errors import ProviderUnavailable
from irl.house import House
from irl.outside import Answer, Outside
from irl.settings import Settings

_SID: Final = re.compile(r"[0-9A-Za-z-]{16,64}", re.ASCII)
_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}
_FIELDS_MOST: Final = 64


class Client:
    """Skrill, as one merchant; see `client`."""

    def __init__(self, settings: Settings, outside: Outside) -> None:
        self._settings = settings
        self._outside = outside

    async def prepare(self, fields: Mapping[str, str]) -> str:
        """Prepare a payment and give its session id.

        Raises:
            ProviderUnavailable: Skrill does not answer, or with something else.
        """
        answer = await self._outside.ask(
            "POST",
            self._settings.skrill_url,
            headers=_FORM,
            body=urlencode({"prepare_only": "1", **fields}).encode(),
            harmless_again=False,
        )
        sid = answer.body.decode("utf-8", "replace").strip()
        if not answer.is_good or _SID.fullmatch(sid) is None:
            raise ProviderUnavailable("Skrill does not prepare the payment.", retry_after_s=60)
        return sid

    async def status(self, transaction_id: str) -> dict[str, str] | None:
        """Ask for the status of a payment by our id; None where Skrill knows none.

        The answer is a line `200<tab><tab>OK`, and a line of fields as in a form.

        Raises:
            ProviderUnavailable: Skrill does not answer, or not with a payment.
        """
        answer = await self.ask(
            "/app/query.pl",
            {"action": "status_trn", "trn_id": transaction_id},
            harmless_again=True,
        )
        first, _, second = answer.body.decode("utf-8", "replace").partition("\n")
        code = first.split("\t")[0].strip()
        if code in {"403", "404"} and "not found" in first.lower():
            return None
        if not answer.is_good or code != "200":
            raise ProviderUnavailable("Skrill does not say what became of it.", retry_after_s=60)
        try:
            return dict(parse_qsl(second.strip(), max_num_fields=_FIELDS_MOST))
        except ValueError:
            raise ProviderUnavailable("Skrill answers what cannot be read.") from None

    async def ask(self, path: str, fields: Mapping[str, str], *, harmless_again: bool) -> Answer:
        """Send fields to the merchant's interface, with who we are.

        Raises:
            ProviderUnavailable: Skrill does not answer.
        """
        password = self._settings.skrill_password.get_secret_value().encode()
        who = {
            "email": self._settings.skrill_email,
            # What Skrill asks for is the MD5 of the password, in lower case.
            "password": hashlib.md5(password, usedforsecurity=False).hexdigest(),
        }
        return await self._outside.ask(
            "POST",
            f"{self._settings.skrill_api_url}{path}",
            headers=_FORM,
            body=urlencode(who | dict(fields)).encode(),
            harmless_again=harmless_again,
        )


def client(house: House) -> Client:
    """Give the house's client of Skrill."""
    settings = house.settings
    return house.outside.kept((Client, settings), lambda: Client(settings, house.outside))
