"""Which pairs are the worst."""

from __future__ import annotations

from benchmarks.quality import worst_pairs
from benchmarks.quality.measure import PairMetrics
from benchmarks.quality.metrics import PER_PAIR


def pair(photo: str, model: str = "a", strength: float = 1.0, **values: float) -> PairMetrics:
    known: dict[str, float | None] = {metric.key: 1.0 for metric in PER_PAIR}
    return PairMetrics(model, photo, "wave", strength, known | {"faces_lost": 0.0} | values)


def test_worst_pairs_by_their_rule() -> None:
    found = worst_pairs.find(
        [
            *(pair(f"{n}", style=1 + 0.01 * n, face_ssim=0.8 - 0.01 * n) for n in range(9)),
            pair("ugly", style=2.0, face_ssim=0.8),
            pair("unlike", style=1.0, face_ssim=0.1),
            pair("gone", faces_lost=1.0, style=1.0, face_ssim=0.8),
            pair("weak", strength=0.5, style=9.0),
            pair("ugly", model="b", style=1.5, face_ssim=0.8),
        ],
        count=4,
    )
    names = [(bad.pair.photo, bad.pair.model) for bad in found]
    assert names[:3] == [("gone", "a"), ("ugly", "a"), ("unlike", "a")]
    assert len({photo for photo, _ in names}) == 4
    assert found[0].reasons[0] == "face lost"
    assert found[1].reasons[0].startswith("style loss 2.000 (median 1.0")
    assert [reason.split()[1] for reason in found[2].reasons] == ["SSIM"]
