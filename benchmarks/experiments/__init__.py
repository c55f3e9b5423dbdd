"""What makes this repository's own figures, each one command; README.md has the table."""
