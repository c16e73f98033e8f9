"""What travels beside the bytes of a model: what it is, what it learnt from and how it did."""

from __future__ import annotations

import re
from math import isfinite
from typing import Literal

import msgspec

from sikka.domain.errors import InvalidRequest
from sikka.fraud.models.calibration import Calibration
from sikka.fraud.models.distribution import Distribution
from sikka_core import Model

VERSION_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
SHA_256 = re.compile(r"[0-9a-f]{64}")
JSON_BYTES_MAX = 4 * 2**20

# A setting of the training: a number, a word, a switch, words, or numbers by name.
Setting = bool | int | float | str | tuple[str, ...] | dict[str, int] | None


class Period(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Payments that were looked at together.

    Args:
        from_ms, until_ms: milliseconds since 1970; the end is not included.
        payments: how many with a label that counted.
        frauds: how many of these.
    """

    from_ms: int
    until_ms: int
    payments: int
    frauds: int

    def __post_init__(self) -> None:
        if not 0 <= self.from_ms < self.until_ms:
            raise ValueError("until_ms must be after from_ms, and neither negative")
        if not 0 <= self.frauds <= self.payments:
            raise ValueError("frauds must be within 0..payments")


class TrainingData(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a model learnt from, and was judged on.

    Args:
        hash: SHA-256 of the payment stream (`sikka.fraud.training.stream.data_hash`).
        currency: of all amounts.
        payments: how many payments the stream has, those of no period included.
        from_ms, until_ms: of the first and the last payment.
        label_delay_ms: how long after a payment silence meant that it was genuine.
        utc_offset_s: of the clock that made hours and weekdays.
        train: what the trees were grown on.
        validation: what told when to stop, and what the calibration was fitted on.
        test: what the metrics are of; no choice was made on it.
    """

    hash: str
    currency: str
    payments: int
    from_ms: int
    until_ms: int
    label_delay_ms: int
    utc_offset_s: int
    train: Period
    validation: Period
    test: Period

    def __post_init__(self) -> None:
        if not SHA_256.fullmatch(self.hash):
            raise ValueError("hash must be 64 lower-case hex digits")
        if not self.train.until_ms <= self.validation.from_ms < self.validation.until_ms:
            raise ValueError("validation must be after train")
        if not self.validation.until_ms <= self.test.from_ms:
            raise ValueError("test must be after validation")


class Reference(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was usual when the model was trained.

    Args:
        features: the distribution of each feature in the training period, by name.
        score: that of the calibrated probability in the validation period.
    """

    features: dict[str, Distribution]
    score: Distribution


class ModelDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The card of a model. The same training gives the same bytes.

    Args:
        format: of this document.
        version: the model's name: 1 to 64 of a-z, 0-9, ".", "_" and "-", the first no sign.
        checksum: `Model.checksum` of the model that the document is of.
        schema_version: of the features that the model was trained on.
        features: their names, in the order of a vector.
        data: what it learnt from.
        settings: how it was trained.
        calibration: from its margin to a probability.
        gain: feature -> its share of what all splits of the trees gained.
        metrics: how it did in the test period, by name.
        reference: what was usual, to tell when that changes.
        limits: what the model is not to be trusted with, in words.

    Raises:
        ValueError: an argument breaks its rule; the message names it.
    """

    format: Literal[1] = 1
    version: str
    checksum: str
    schema_version: int
    features: tuple[str, ...]
    data: TrainingData
    settings: dict[str, Setting]
    calibration: Calibration
    gain: dict[str, float]
    metrics: dict[str, float]
    reference: Reference
    limits: tuple[str, ...]

    def __post_init__(self) -> None:
        if not VERSION_NAME.fullmatch(self.version):
            raise ValueError(
                'version must be 1 to 64 of a-z, 0-9, ".", "_", "-", the first no sign'
            )
        if not SHA_256.fullmatch(self.checksum):
            raise ValueError("checksum must be 64 lower-case hex digits")
        if len(set(self.features)) != len(self.features) or not self.features:
            raise ValueError("features must be names, each once")
        if self.reference.features.keys() != set(self.features):
            raise ValueError("reference.features must be of each of the features and no other")
        self._check_numbers()

    def _check_numbers(self) -> None:
        if not self.gain.keys() <= set(self.features):
            raise ValueError("gain must be of features")
        for field, numbers in (("metrics", self.metrics), ("gain", self.gain)):
            for name, value in numbers.items():
                if not isfinite(value):
                    raise ValueError(f"{field}.{name} must be a finite number")
        for name, setting in self.settings.items():
            if isinstance(setting, float) and not isfinite(setting):
                raise ValueError(f"settings.{name} must be a finite number")

    def to_json(self) -> bytes:
        """The document as indented JSON with a line feed at its end; equal ones, equal bytes."""
        return msgspec.json.format(_ENCODER.encode(self), indent=2) + b"\n"

    @staticmethod
    def from_json(data: bytes) -> ModelDocument:
        """Read a document, strictly.

        Raises:
            InvalidRequest: it is no JSON, is too long, or a field is unknown, lacking or breaks its
                rule; the message and `param` name the field.
        """
        if len(data) > JSON_BYTES_MAX:
            raise InvalidRequest(
                message=f"the model's document must not be longer than {JSON_BYTES_MAX} bytes",
                param="document",
            )
        try:
            return _DECODER.decode(data)
        except msgspec.DecodeError as error:
            raise _unreadable(error) from None

    def check(self, model: Model) -> None:
        """Check that the document is of this model.

        Raises:
            InvalidRequest: checksum, schema version or features are those of another model.
        """
        for name, ours, theirs in (
            ("checksum", self.checksum, model.checksum),
            ("schema_version", self.schema_version, model.schema_version),
            ("features", self.features, model.feature_names),
        ):
            if ours != theirs:
                raise InvalidRequest(
                    message=f"{name}: the document's is not that of the model beside it", param=name
                )


# Names in their order, so that the order in which a dict was filled does not matter.
_ENCODER = msgspec.json.Encoder(order="deterministic")
_DECODER = msgspec.json.Decoder(ModelDocument)


def _unreadable(error: msgspec.DecodeError) -> InvalidRequest:
    rule, _, path = str(error).partition(" - at `")
    path = path.rstrip("`").removeprefix("$").removeprefix(".") or "document"
    return InvalidRequest(message=f"{path}: {rule}", param=path)
