"""
Simulators of the platforms: stateful HTTP servers that behave as Feishu, Lark and the others document.

    python -m local.simulators feishu --port 9101 --state .local/feishu.db --seed demo

listens on 127.0.0.1 only. The platform's API is under its own paths, `GET /` is a page where a person sees their
inbox and decides, and `/_sim/...` are control endpoints for tests (`frame/control.py` lists them). All state is in
one SQLite file: a simulator that is killed and started again has lost nothing.

A simulator is judged against the platform's documentation and the vendor's own SDK, never against our client.

To add a platform:

1. Make `local/simulators/<name>/` with a class that offers what `frame.platform.Platform` asks for: `handle` answers
   the
   API, `seal` and `undelivered` say how a callback is sent and when it counts, `approvals`, `decide` and `messages`
   serve the page and the control endpoints in words shared by all platforms (`frame/views.py`). State goes into
   `Collection`s of dataclasses on the simulation's store; time and random ids come from the simulation's `clock` and
   `ids`.
2. State its constants in a `Rules`: retry schedule, deadlines, its words for an app's fields, its switches.
3. Add one line to `platforms.py`.
4. Test it in `tests/simulators/` with the vendor's SDK pointed at it.

The frame brings the log of calls, arranged faults, people, delivery of callbacks with retries, the clock and the
page. A platform never awaits: the frame runs it inside one transaction of the event loop's thread, so two calls
cannot interleave.
"""
