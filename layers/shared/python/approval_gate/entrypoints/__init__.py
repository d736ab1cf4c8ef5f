"""Wiring for the three kinds of Lambda: callback, API, task."""
