"""A stream that many tests look at, made once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from sikka_sim.stream import Parameters, generate, load_parameters
from sikka_sim.stream.frauds.plan import FRAUD_KINDS

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

DAY_MS = 86_400_000
DAYS = 75


@pytest.fixture(scope="session")
def parameters() -> Parameters:
    return load_parameters()


@pytest.fixture(scope="session")
def stream(parameters: Parameters) -> pa.Table:
    """Two and a half months of 4,000 people, from August on."""
    return generate(parameters, users=4_000, days=DAYS, seed=11)


def framed(table: pa.Table) -> pd.DataFrame:
    """A stream with two columns more: the local day since its beginning, and the hour."""
    frame: Any = table.to_pandas()
    local_ms = frame.time_ms + 19_800_000
    frame["day"] = local_ms // DAY_MS - int(local_ms.iloc[0] // DAY_MS)
    frame["hour"] = local_ms % DAY_MS // 3_600_000
    return frame


@pytest.fixture(scope="session")
def payments(stream: pa.Table) -> pd.DataFrame:
    return framed(stream)


@pytest.fixture(scope="session")
def rough(parameters: Parameters) -> pd.DataFrame:
    """A stream with ten times as many frauds, so that shares of them can be measured."""
    busier = {
        kind: msgspec.structs.replace(
            getattr(parameters.frauds, kind),
            per_million=getattr(parameters.frauds, kind).per_million * 10,
        )
        for kind in FRAUD_KINDS
    }
    frauds = msgspec.structs.replace(parameters.frauds, **busier)
    more = msgspec.structs.replace(parameters, frauds=frauds)
    return framed(generate(more, users=4_000, days=60, seed=12))


@pytest.fixture(scope="session")
def honest(payments: pd.DataFrame) -> pd.DataFrame:
    return payments[~payments.true_fraud]


@pytest.fixture(scope="session")
def frauds(rough: pd.DataFrame) -> pd.DataFrame:
    return rough[rough.true_fraud]
