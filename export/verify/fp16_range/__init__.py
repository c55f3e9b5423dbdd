"""Audit of the range of every operator of an inference graph in half precision.

fp16 ends at 65504 and has nothing below 2**-24; what a phone makes of a number beyond either is
an infinity, a NaN or a zero, and the picture turns grey. ``audit`` executes a graph operator by
operator on real and adversarial inputs and says how far each stays from both ends.
"""

from export.verify.fp16_range.audit import Audit, Row, Trial, audit
from export.verify.fp16_range.findings import RangeEntry, RangeSummary, summary, verdicts

__all__ = ["Audit", "RangeEntry", "RangeSummary", "Row", "Trial", "audit", "summary", "verdicts"]
