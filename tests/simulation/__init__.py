"""
A deterministic simulation of the gate: real services and store, everything outside them imitated, a seed per schedule.

`loop` is the time and the processes, `boundary` every call that leaves a process and the faults it may meet,
`machine` the state machine as its definition says, `streams` the table's stream as the template says, `platform` and
`sender` a platform, `actors` the people and pipelines, `invariants` what must hold, `world` all of it for one seed.
"""
