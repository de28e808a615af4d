"""The README's story works as it is written there, line by line."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.absent import absent
from tests.service import IRL, running

ROOT = Path(__file__).parent.parent


def story() -> str:
    """Give the shell commands of the README's story."""
    text = (ROOT / "README.md").read_text()
    return "\n".join(re.findall(r"```sh\n(.*?)```", text.partition("<!-- story -->")[2], re.DOTALL))


def test_the_story_of_the_readme_works_as_it_is_written(tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        absent("curl is not installed")
    (tmp_path / "var").mkdir()
    (tmp_path / ".venv").symlink_to(Path(sys.executable).parent.parent)
    database_url = "sqlite:///var/irl.db"
    extra = {"IRL_MAIL_URL": "file:var/outbox"}
    migrated = {**os.environ, "IRL_DATABASE_URL": database_url}
    for command in ("migrate", "demo"):  # what scripts/run does first
        subprocess.run([*IRL, command], cwd=tmp_path, env=migrated, check=True)
    with running(tmp_path, database_url, **extra) as service:
        clock = subprocess.Popen([*IRL, "clock"], cwd=tmp_path, env=service.environment)
        try:
            told = subprocess.run(
                ["bash", "-euxo", "pipefail", "-c", story()],
                cwd=tmp_path,
                env=service.environment,
                capture_output=True,
                text=True,
                timeout=90,
                check=False,
            )
        finally:
            clock.terminate()
            clock.wait(20)
    assert told.returncode == 0, told.stderr[-2000:] + told.stdout[-2000:]
    assert told.stdout.count('"outcome":"flattred"') == 2
    assert told.stdout.count('"amount_micros":2500000') == 2
    assert told.stdout.endswith("clean\n")


def test_both_commands_stand_at_the_top_of_the_readme() -> None:
    top = (ROOT / "README.md").read_text()[:900]
    assert "./scripts/run" in top
    assert "./scripts/test" in top


def test_every_link_of_the_documents_leads_to_a_file() -> None:
    for document in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text()):
            assert (document.parent / target).exists(), f"{document.name} links to {target}"
