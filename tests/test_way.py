"""The whole story, through HTTP and the operator's command line only."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import httpx2
import numpy as np
import pytest

from tests.camera import photograph
from tests.service import Service, running

PASSWORD = "standing before a painting"


@pytest.fixture
def service(tmp_path: Path, database_url: str) -> Iterator[Service]:
    with running(tmp_path, database_url) as service:
        yield service


class Person:
    """Somebody with an app: joins, signs in, calls."""

    def __init__(self, service: Service, name: str) -> None:
        self.email = f"{name}@street.example"
        invitation = service.irl("invite", "-n", "1").strip()
        self.http = service.client("/api/v1")
        joined = self.post(
            "/members",
            email=self.email,
            nickname=name,
            password=PASSWORD,
            invitation=invitation,
        )
        assert joined == {"nickname": name, "verified": False}
        link = re.search(r"/verify\?token=(\S+)", service.mails(self.email)[-1])
        assert link is not None
        assert self.post("/members/verify", token=link[1])["verified"] is True
        wish = {"scopes": ["flattr", "thing", "wallet"], "name": "way"}
        issued = self.post("/tokens", email=self.email, password=PASSWORD, **wish)
        self.http.headers["Authorization"] = f"Bearer {issued['token']}"

    def post(self, path: str, **body: Any) -> Any:
        answer = self.http.post(path, json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def get(self, path: str) -> Any:
        answer = self.http.get(path)
        assert answer.is_success, answer.text
        return answer.json()

    def code_of(self, title: str) -> Any:
        thing = self.post("/things", title=title, category="images", tags=[], language="en")
        return self.post(f"/things/{thing['id']}/codes", placement="Room 3, left wall")


def test_from_a_photo_of_a_printed_code_to_the_makers_statement(service: Service) -> None:
    ada, ben = Person(service, "ada"), Person(service, "ben")
    painting, song = ada.code_of("Lighthouse at dusk"), ada.code_of("Harbour song")

    deposit = ben.post("/me/deposits", amount_micros=10_000_000, provider="sandbox")
    assert (deposit["fee_micros"], deposit["net_micros"]) == (1_000_000, 9_000_000)
    paid = ben.http.post(deposit["checkout_url"], data={"decision": "approve"})
    assert paid.status_code == 303
    assert ben.get("/me")["funds_micros"] == 9_000_000
    budget = ben.http.put("/me/budget", json={"budget_micros": 5_000_000})
    assert budget.json()["budget_micros"] == 5_000_000

    # A photo of the code as it hangs on the wall: seen from the side, a little blurred, noisy.
    symbol = cv2.imdecode(np.frombuffer(httpx2.get(painting["png"]).content, np.uint8), 0)
    assert symbol is not None
    photo = photograph(np.asarray(symbol, np.uint8), seed=7)
    [seen] = ben.http.post("/scans", files={"photo": ("wall.jpg", photo)}).json()["scans"]
    assert (seen["outcome"], seen["funded"]) == ("flattred", True)
    assert seen["thing"]["title"] == "Lighthouse at dusk"
    typed = [{"payload": song["code"], "nonce": "typed by hand"}]
    [read] = ben.post("/scans", scans=typed)["scans"]
    assert read["outcome"] == "flattred"
    assert ben.post("/scans", scans=typed)["scans"] == [read]
    worth = [given["worth_micros"] for given in ben.get("/me/flattrs")["flattrs"]]
    assert worth == [2_500_000, 2_500_000]

    month = f"{datetime.now(UTC):%Y-%m}"
    service.irl("settle", month, "--early")
    service.irl("settle", month, "--early")
    statement = ada.get(f"/me/statements/{month}")
    received = statement["received"]["things"]
    assert {row["thing"]["title"]: row["amount_micros"] for row in received} == {
        "Lighthouse at dusk": 2_500_000,
        "Harbour song": 2_500_000,
    }
    assert ada.get("/me")["revenue_micros"] == 5_000_000
    assert ben.get("/me")["funds_micros"] == 4_000_000
    assert service.irl("audit") == "clean\n"
