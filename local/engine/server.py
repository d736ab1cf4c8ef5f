"""The engine's process: `python -m local.engine.server`, started by `launcher` with the environment it needs."""

from __future__ import annotations

from ministack.app import main

from local.engine.corrections import apply_all

if __name__ == "__main__":
    apply_all()
    main()
