"""The feature vector of an assessment: the names are a contract, the values plain JSON."""

from __future__ import annotations

from sikka.domain.fraud import RiskRequest
from sikka.fraud.profiles import Reading

# Hour and weekday are those of the customers' country, which has one time and never changes it.
_INDIA_OFFSET_S = 19_800
# 1970 began on a Thursday; Monday is 0.
_FIRST_WEEKDAY = 3

Features = dict[str, float | int | bool | None]


def features_of(request: RiskRequest, reading: Reading) -> Features:
    """The vector of one payment.

    Amounts are in minor units. Counts and sums include the payment itself; the average and what
    is compared to it are of the payments before. `amount_deviation` is in standard deviations,
    0 while the user has fewer than two payments. What cannot be known is None.
    """
    hours = (int(request.at.timestamp()) + _INDIA_OFFSET_S) // 3_600
    user, merchant = reading.user, reading.merchant
    instrument, device, ip = reading.instrument, reading.device, reading.ip
    return {
        "amount": request.amount_minor,
        "amount_deviation": amount_deviation(request.amount_minor, reading),
        "transaction_hour": hours % 24,
        "day_of_week": (hours // 24 + _FIRST_WEEKDAY) % 7,
        "avg_transaction_amount": round(reading.user_mean_minor, 2),
        "transaction_frequency_1h": user.count_1h,
        "transaction_frequency_24h": user.count_24h,
        "unique_merchants_24h": reading.merchants_24h,
        "device_known": None if device is None else reading.device_age_s != 0.0,
        "device_age_s": reading.device_age_s,
        "distance_km": _rounded(reading.distance_km),
        "speed_km_h": _rounded(reading.speed_km_h),
        "new_device": reading.new_device,
        "new_location": reading.new_location,
        "user_count_10m": user.count_10m,
        "user_sum_24h": user.sum_24h,
        "merchant_count_10m": merchant.count_10m,
        "merchant_count_1h": merchant.count_1h,
        "merchant_sum_1h": merchant.sum_1h,
        "instrument_count_10m": instrument.count_10m if instrument else None,
        "instrument_count_24h": instrument.count_24h if instrument else None,
        "instrument_sum_24h": instrument.sum_24h if instrument else None,
        "device_count_10m": device.count_10m if device else None,
        "device_count_24h": device.count_24h if device else None,
        "device_instruments_24h": reading.device_instruments_24h if device else None,
        "ip_count_10m": ip.count_10m if ip else None,
        "ip_count_24h": ip.count_24h if ip else None,
    }


def amount_deviation(amount_minor: int, reading: Reading) -> float:
    """How many standard deviations the amount lies above (or below) the user's average."""
    if not reading.user_spread_minor:
        return 0.0
    return round((amount_minor - reading.user_mean_minor) / reading.user_spread_minor, 4)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
