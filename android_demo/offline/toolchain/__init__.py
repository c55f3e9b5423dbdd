"""Builds, tests and executes the sample app without Gradle, Android SDK or Google Maven."""
