from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from sikka.api.routes import ROUTES
from sikka.api.serve import listening
from sikka.domain.merchant import Scope
from tests.integration.api.world import api_house

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
EXAMPLES_AN_OPERATION = 8


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_every_answer_is_documented_and_no_request_is_a_server_error(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with api_house(sqlite_url) as house:
        merchant = await house.merchant()
        key, headers = await house.key(merchant, Scope.ADMIN)
        async with listening(house.app, "127.0.0.1", 0) as (host, port):
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "schemathesis.cli",
                "--config-file",
                str(HERE / "schemathesis.toml"),
                "run",
                f"http://{host}:{port}/openapi.json",
                "--checks",
                "all",
                "--max-examples",
                str(EXAMPLES_AN_OPERATION),
                "--generation-deterministic",
                "--no-color",
                "--header",
                f"Authorization: {headers['Authorization']}",
                cwd=tmp_path,
                env={
                    **os.environ,
                    "PYTHONPATH": str(ROOT),
                    "SCHEMATHESIS_HOOKS": "tests.conformance.schemathesis_hooks",
                    "SIKKA_OWN_IDS": f"{merchant.id},{key.id}",
                },
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
            output, _ = await process.communicate()
    text = output.decode()
    assert process.returncode == 0, text[-20_000:]
    # All that is documented, but the document itself.
    tested = [route for route in ROUTES if route.tag != "Rails" and route.path != "/openapi.json"]
    assert f"Tested: {len(tested)}\n" in text
