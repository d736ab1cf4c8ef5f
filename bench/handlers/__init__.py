"""Handlers to compare with, one module each."""
