"""Sealing and signing, named by algorithm and never by provider."""
