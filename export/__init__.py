"""Exported files (``facestyle export``): converted, verified, described in a report."""
