from __future__ import annotations

import base64
import re
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PIL import Image

from sikka.fraud.training.report.influence import mean_contributions
from sikka.fraud.training.report.write import write_report
from sikka.fraud.training.settings import FitSettings
from sikka.fraud.training.thresholds import Costs
from sikka.fraud.training.train import Plan, Trained, train
from sikka_core import FEATURE_NAMES
from tests.unit.fraud.training.payments import DELAY_MS, columns, stream

CHARTS = ["calibration", "costs", "features", "precision_recall", "roc", "scores"]
EVIL = "<script>alert('&')</script>"


@pytest.fixture(scope="module")
def trained() -> Trained:
    made = columns(payments=3_000)
    made["fraud_kind"] = [kind and f"{EVIL} {kind}" for kind in made["fraud_kind"]]
    settings = FitSettings(rounds_max=15)
    plan = Plan("made-1", label_delay_ms=DELAY_MS, settings=settings, look_ahead_sample=5)
    result = train(stream(made), plan, lambda _: None)
    document = msgspec.structs.replace(result.document, limits=(f"Of {EVIL} it knows nothing.",))
    return Trained(result.model, document, result.test)


@pytest.fixture(scope="module")
def folder(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report, once for all who only read it."""
    made = tmp_path_factory.mktemp("report")
    written(trained, made)
    return made


def written(trained: Trained, folder: Path) -> str:
    page = write_report(
        folder, trained.model, trained.document, trained.test, costs=Costs(), threshold=0.5
    )
    assert page == folder / "report.html"
    return page.read_text(encoding="utf-8")


class Reading(HTMLParser):
    """What a page is made of; every element that has an end must have it."""

    VOID = frozenset({"meta", "img"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.said: list[str] = []
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in {"src", "href"}]
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.said.append(data)


def test_a_page_holds_everything_and_asks_for_nothing(trained: Trained, folder: Path) -> None:
    page = (folder / "report.html").read_text(encoding="utf-8")
    reading = Reading(page)
    assert set(reading.tags) & {"script", "link", "iframe"} == set()
    assert all(link.startswith("data:image/png;base64,") for link in reading.links)
    pictures = {base64.b64decode(link.partition(",")[2]) for link in reading.links}
    assert pictures == {(folder / f"{name}.png").read_bytes() for name in CHARTS}
    said = " ".join(reading.said)
    document = trained.document
    for expected in (
        "Model made-1",
        document.checksum,
        document.data.hash,
        f"{document.metrics['average_precision']:.3f}",
        "accuracy at a threshold of one half",
        "calling nothing fraud",
        "Beside the rules",
        "max_bin",
    ):
        assert expected in said


def test_what_comes_from_outside_is_escaped(folder: Path) -> None:
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "<script" not in page
    said = Reading(page).said
    assert f"Of {EVIL} it knows nothing." in said
    assert f"{EVIL} stolen_card" in said


def test_the_same_evaluation_gives_the_same_bytes(
    trained: Trained, folder: Path, tmp_path: Path
) -> None:
    written(trained, tmp_path)
    files = sorted(path.name for path in folder.iterdir())
    assert files == sorted(["report.html", *(f"{name}.png" for name in CHARTS)])
    for name in files:
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()


def test_charts_are_pictures_with_something_on_them(folder: Path) -> None:
    for name in CHARTS:
        with Image.open(folder / f"{name}.png") as picture:
            assert picture.width > 600
            assert picture.info.keys() <= {"dpi"}
            colours = picture.convert("RGB").getcolors(2**24)
        assert colours is not None
        assert len(colours) > 20


def test_without_decisions_of_rules_nothing_is_said_of_them(tmp_path: Path) -> None:
    made = columns(payments=3_000)
    del made["rules_decision"]
    settings = FitSettings(rounds_max=5)
    plan = Plan("made-2", label_delay_ms=DELAY_MS, settings=settings, look_ahead_sample=5)
    assert "Beside the rules" not in written(train(stream(made), plan, lambda _: None), tmp_path)


def test_contributions_are_means_of_what_each_feature_moves(trained: Trained) -> None:
    vectors = trained.test.vectors[:50]
    means = mean_contributions(trained.model, vectors)
    by_hand = np.mean([np.abs(trained.model.contributions(row)[:-1]) for row in vectors], axis=0)
    assert [means[name] for name in FEATURE_NAMES] == pytest.approx(by_hand)
    assert list(means.values()) == sorted(means.values(), reverse=True)


def test_words_on_a_page_are_numbers_that_people_read(folder: Path) -> None:
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert re.search(r"INR [0-9.]+ (k|m)", page)
    assert re.search(r"20[0-9]{2}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2} UTC", page)
    assert "nan" not in " ".join(Reading(page).said)
