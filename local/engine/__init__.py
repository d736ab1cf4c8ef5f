"""
The local AWS engine: ministack, pinned, started and corrected by us; the template reaches it through `sam deploy`.

`launcher` starts it, `server` is the process itself, `corrections` are the few wraps that the design cannot avoid,
`build` and `deployer` bring the template onto it.
"""
