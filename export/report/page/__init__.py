"""What the pages of all reports are made from: frame, tables, charts, pictures; HTML and Markdown.

A report writes a template that extends ``base.html.j2``, draws with the macros of
``parts.html.j2``, and calls ``render``. The page is one file: no network, no fonts, no scripts but
its own.
"""
