"""
Signed webhooks to addresses that callers choose, and must not lead us to where callers may not go.

`addresses.py`: which address is acceptable. `transport.py`: one POST to it, resolved and checked by us.
`signing.py`: Standard Webhooks. `poster.py`: the order of it all.
"""
