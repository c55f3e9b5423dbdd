"""What goes into the sample apps: a build's files, checked against what an app expects."""
