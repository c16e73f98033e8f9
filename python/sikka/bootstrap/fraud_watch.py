"""What a worker does about fraud: it teaches the memory that all share, and watches the models."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict

from redis.asyncio import Redis

from sikka.bootstrap.foundation import House
from sikka.bootstrap.fraud import feature_store
from sikka.fraud.label_cursor import RedisCursor
from sikka.fraud.monitoring.config import MonitoringConfig
from sikka.fraud.monitoring.monitor import Monitor
from sikka.journal.fraud.monitoring import SqlMonitoringReads
from sikka.settings import Settings
from sikka.worker.duty import Duty
from sikka.worker.fraud_duties import FeedLabelsDuty, MonitorDuty

DAY_S, HOUR_S = 86_400.0, 3_600.0
# In the namespace of the memory.
POSITION = "{sikka:labels}:position"


async def fraud_duties(base: House, stack: AsyncExitStack) -> Sequence[Duty]:
    """The duties, and what they stand on.

    Args:
        stack: closes it in the end.

    Raises:
        ConfigurationError: the memory is in Redis and no master key is set.
    """
    duties: list[Duty] = []
    if base.fraud.is_shared and base.settings.redis is not None:
        store = feature_store(base.settings)
        await store.open()
        stack.push_async_callback(store.close)
        timeout_s = base.settings.redis.timeout_s
        redis = Redis.from_url(base.settings.redis.url.reveal(), socket_connect_timeout=timeout_s)
        stack.push_async_callback(redis.aclose)
        duties.append(FeedLabelsDuty(base.fraud.feed(store, RedisCursor(redis, POSITION))))
    if base.settings.fraud.monitoring.enabled:
        duties.append(MonitorDuty(_monitor(base)))
    return duties


def _monitor(base: House) -> Monitor:
    parts = base.parts
    return Monitor(
        SqlMonitoringReads(base.database),
        base.fraud.history,
        parts.journal,
        parts.clock,
        parts.observe,
        monitoring_config(base.settings, shared=base.fraud.is_shared),
    )


def monitoring_config(settings: Settings, *, shared: bool) -> MonitoringConfig:
    """What is watched.

    Args:
        shared: whether all processes have one memory of features. Where each has its own, which
            begins with the process, features differ by nature: it is told, and no alarm.
    """
    given = asdict(settings.fraud.monitoring)
    for name in ("enabled", "window_days", "recent_hours"):
        del given[name]
    if not shared:
        given["differing_share_max"] = None
    monitoring = settings.fraud.monitoring
    return MonitoringConfig(
        **given,
        label_delay_s=settings.fraud.label_delay_days * DAY_S,
        window_s=monitoring.window_days * DAY_S,
        recent_s=monitoring.recent_hours * HOUR_S,
        review_score_hundredths=settings.fraud.review_score_hundredths,
        decline_score_hundredths=settings.fraud.decline_score_hundredths,
    )
