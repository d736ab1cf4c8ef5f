"""
A correction of the engine: a worker that dies takes no other worker of its function with it.

When a worker cannot be started or spoken to, the engine throws away every worker of that function and their folders,
those that are starting or working included; these fail in turn, and throw away the next ones. One killed process could
silence a function for minutes. On AWS an execution environment that dies is replaced, and the others never hear of it.

Source: AWS Lambda Developer Guide, "Lambda execution environment", read 2026-02-28; the engine's behaviour learnt by
trying ministack 1.5.33. Rules of use: see `corrections`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from functools import wraps
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

__all__ = ["lose_only_the_dead_worker"]


def lose_only_the_dead_worker() -> None:
    """Let an invocation that fails on its worker drop that worker alone."""
    leased: ContextVar[Any] = ContextVar("leased", default=None)
    execute: Callable[..., dict[str, Any]] = lambda_svc._execute_function_warm  # noqa: SLF001  # the engine's only user of workers
    acquire: Callable[..., tuple[Any, str]] = lambda_svc.acquire_worker
    invalidate: Callable[..., None] = lambda_svc.invalidate_worker

    @wraps(execute)
    def execute_alone(function: Mapping[str, Any], event: Any, request_id: str) -> dict[str, Any]:
        token = leased.set(None)
        try:
            return execute(function, event, request_id)
        finally:
            leased.reset(token)

    @wraps(acquire)
    def acquire_known(*args: Any, **kwargs: Any) -> tuple[Any, str]:
        worker, how = acquire(*args, **kwargs)
        leased.set(worker)
        return worker, how

    @wraps(invalidate)
    def invalidate_one(*args: Any, **kwargs: Any) -> None:
        worker = leased.get()
        if worker is None:  # the function was changed or deleted: all of them
            invalidate(*args, **kwargs)
            return
        with lambda_runtime._lock:  # noqa: SLF001  # the engine's pool has no call to drop one
            for pool in lambda_runtime._workers.values():  # noqa: SLF001  # as above
                if worker in pool:
                    pool.remove(worker)
        lambda_runtime.kill_workers([worker])

    lambda_svc._execute_function_warm = execute_alone  # noqa: SLF001  # as above
    lambda_svc.acquire_worker = acquire_known
    lambda_svc.invalidate_worker = invalidate_one
