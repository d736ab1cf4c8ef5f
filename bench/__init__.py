"""Benchmarks: `python -m bench` measures, prints a table, and renews its own sections of bench/RESULTS.md."""
