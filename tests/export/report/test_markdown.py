"""The report of a build as Markdown."""

from __future__ import annotations

from export.report.markdown import markdown
from tests.export.report.test_html import hostile_build
from tests.support.made_build import XNNPACK, entry, headroom, manifest, parity, proof, verdict


def test_it_says_what_the_manifest_says() -> None:
    wrong = verdict("PSNR to PyTorch, portrait", passed=False, figure="12.3 dB", limit=">= 45 dB")
    right = proof(parity(81.7521), coverage=(XNNPACK,), delegate_partitions=1, fully_delegated=True)
    found = markdown(
        manifest(
            entry(found=right),
            entry(precision="int8", found=proof(parity(12.3), verdicts=(wrong,))),
            headroom={"stylizer": headroom()},
        )
    )
    assert found.startswith("# facestyle build: mobile, 64 x 96\n\n    facestyle export --size")
    assert (
        "| mobile_stylizer_fp16.tflite | 556 KB | 81.8 dB | 0.197 G | 0.220 M | 1 (whole graph) "
        "| 1 of 1 | pass |"
    ) in found
    assert "| mobile_stylizer_int8.tflite | 556 KB | 12.3 dB |" in found
    assert "| graph | format | fp16 | int8 |" in found
    assert "| stylizer | .tflite | 81.8 dB (at least 45), 0.001, real runtime |" in found
    assert "| stylizer | stem · conv2d | conv | 408.8 | noise | 160.3x | 2.0% | – |" in found
    assert (
        "| mobile_stylizer_fp16.tflite | XNNPACK | FLOOR (2 of 3) | int8 is not taken "
        "| floor in float |"
    ) in found
    assert "- input `content`: float32 \\[1, 64, 96, 3\\] NHWC, 0..1, RGB. The photo." in found
    assert "- **FAILED** PSNR to PyTorch, portrait: 12.3 dB, wanted \\>= 45 dB" in found


def test_hostile_words_are_words() -> None:
    lines = markdown(hostile_build()).split("\n")
    assert not any(line.startswith(("# http", "<script")) for line in lines)
    tables = [line.replace("\\|", "") for line in lines if line.startswith("|")]
    assert {line.count("|") - 1 for line in tables} == {8, 3, 5}
    command = lines.index("    # http://example.com [a](b)")
    assert lines[command - 1].startswith("    <script>")
