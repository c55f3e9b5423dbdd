"""The report of a build: one page to look at, and the same as Markdown.

``page`` is what the pages of benchmarks are made from too.
"""
