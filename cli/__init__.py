"""The command line for pipelines and administrators."""

VERSION = "0.1.0"
"""The version of the command; `pyproject.toml` says the same."""
