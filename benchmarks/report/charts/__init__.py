"""Charts of a benchmark report: which are drawn, and of which rows."""
