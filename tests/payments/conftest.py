"""A house beside a fake PayPal and a fake Skrill, all in this process and quick."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import pytest

from irl.house import House, opened
from irl.money.payments.protocol import Post
from irl.outside import Outside
from irl.settings import Settings
from tests.fakes import paypal as paypals
from tests.fakes import skrill as skrills
from tests.fakes.certificates import Chain
from tests.fakes.inside import Inside
from tests.fakes.mischief import Mischief
from tests.fakes.paypal import Json, PayPal
from tests.fakes.skrill import Payment, Skrill


@dataclass
class Tills:
    """Both fakes, which tell nothing by themselves here."""

    paypal: PayPal
    skrill: Skrill
    paypal_app: Mischief
    skrill_app: Mischief

    def post(
        self, event: Json, *, webhook: str = paypals.WEBHOOK, chain: Chain | None = None
    ) -> Post:
        """Give a webhook as the house gets it."""
        body = json.dumps(event).encode()
        return Post(headers=self.paypal.signed(body, webhook=webhook, chain=chain), body=body)

    def status(self, payment: Payment, **other: str) -> Post:
        """Give a status post as the house gets it."""
        return Post(
            headers={}, body=urlencode(self.skrill.status_fields(payment, **other)).encode()
        )

    def payment(self, deposit_id: str) -> Payment:
        """Find what was prepared for a deposit last."""
        return [
            one
            for one in self.skrill.payments.values()
            if one.asked["transaction_id"] == deposit_id
        ][-1]


@pytest.fixture(scope="session")
def chain() -> Chain:
    return Chain.make()


@pytest.fixture
def tills(chain: Chain) -> Tills:
    paypal = PayPal(chain=chain, url="https://paypal.fake", hook="https://house.fake/hooks/paypal")
    skrill = Skrill(url="https://skrill.fake")
    paypal.posting.quiet = skrill.posting.quiet = True
    return Tills(paypal, skrill, paypal.app(), skrill.app())


@pytest.fixture
def settings(database_url: str, tmp_path: Path, chain: Chain) -> Settings:
    (tmp_path / "roots.pem").write_bytes(chain.roots)
    return Settings.model_validate(
        {
            "database_url": database_url,
            "base_url": "http://localhost:8000",
            "mail_url": f"file:{tmp_path / 'outbox'}",
            "sandbox": True,
            "paypal_url": "https://paypal.fake",
            "paypal_client": paypals.CLIENT,
            "paypal_secret": paypals.SECRET,
            "paypal_merchant": paypals.MERCHANT,
            "paypal_webhook": paypals.WEBHOOK,
            "paypal_cert_origins": "https://paypal.fake",
            "paypal_roots": tmp_path / "roots.pem",
            "skrill_url": "https://skrill.fake",
            "skrill_api_url": "https://skrill.fake",
            "skrill_email": skrills.EMAIL,
            "skrill_merchant": skrills.MERCHANT,
            "skrill_secret": skrills.SECRET,
            "skrill_password": skrills.PASSWORD,
        }
    )


@pytest.fixture
async def house(settings: Settings, tills: Tills) -> AsyncIterator[House]:
    apps = {"paypal.fake": tills.paypal_app, "skrill.fake": tills.skrill_app}
    outside = Outside(timeout_s=2, transport=Inside(dict(apps)))
    async with opened(settings) as house:
        yield dataclasses.replace(house, outside=outside)
        await outside.close()
