"""The command line for pipelines and administrators."""
