from __future__ import annotations

import hashlib
import re

from irl import secret


def test_secrets_are_long_and_never_the_same() -> None:
    made = {secret.token() for _ in range(1000)}
    assert len(made) == 1000
    assert all(re.fullmatch(r"[\w-]{43}", one, re.ASCII) for one in made)


def test_ids_for_the_outside_have_letters_that_nobody_mistakes() -> None:
    made = {secret.public_id() for _ in range(1000)}
    assert len(made) == 1000
    assert all(re.fullmatch(r"[0-9a-hjkmnp-tv-z]{13}", one) for one in made)


def test_what_is_kept_of_a_secret_is_its_sha_256() -> None:
    assert secret.hashed("abc") == hashlib.sha256(b"abc").hexdigest()
    assert len(secret.hashed("\ud800")) == 64
