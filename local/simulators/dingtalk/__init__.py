"""
DingTalk: access tokens, OA approval (workflow 1.0), contacts, work notifications, robots, encrypted HTTP events.

Sources: open.dingtalk.com/document/development, pages of 2025-11 to 2026-02, read 2026-02-28; the wire forms of errors
as others published them. Where the documentation leaves something open, the module says so in a comment, and a switch
(`POST /_sim/settings`, see `rules`) offers the other reading where a client has to survive both.

The platform has two hosts, and this one address stands for both: paths from `/v1.0/` on are the newer API (HTTP status
and `{code, message, requestid}`), all others the older one (always HTTP 200, `{errcode, errmsg}`).

Words for an app: `app_key` (or `client_id`), `app_secret` (or `client_secret`), `aes_key` and `token` of the event
subscription, `agent_id`, `corp_id`. `events` takes names of events and the console's filter rules, such as
`/v1.0/event/bpms_task_change/processCode/{PROC-1}/type/finish`.

Not modelled: flows drawn in the admin console (branches, self-selected approvers, forecasts), deputies, inserted
approvers, sending back, revoking what was approved, own-OA process centres, premium calls, interactive cards, to-dos,
contact events, `register_call_back`, Stream mode, log-in, file uploads, the frozen older approval calls.
"""
