"""
The smallest whole provider: a platform where one person answers yes or no.

`tests/meta/test_fifth_provider.py` copies this folder beside the real ones, under the name `toy`, and changes nothing
else. It shows what a provider has to be, and is no more than that: see docs/architecture.md.
"""
