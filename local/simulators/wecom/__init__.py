"""
WeCom (Enterprise WeChat): access tokens, OA approval, contacts, application messages, group robots, approval events.

Sources: developer.work.weixin.qq.com/document, paths 91039 (token), 97437 and 97438 (templates), 91982 (template
detail), 91853 (submit), 91816 (list), 91983 (detail), 91815 (event), 90930 and 90968 (callbacks and their protection),
90236 (messages), 94867 (recall), 99110 (robot), 90312 (limits), 90313 (error codes), read 2026-02-28. Where these pages
leave something open, the module says so in a comment, and a switch (`POST /_sim/settings`) offers the other reading
where a client has to survive both.

Words for an app: `corp_id`, `agent_id` (together they name it), `secret`, and, for callbacks, `token` and
`encoding_aes_key`; `enabled` "0" disables it. `agent_id` 3010040 is the built-in Approval app. Scopes: `approval` (is
listed among the apps that may call the Approval app), `message`, `contact`; `contact_sync` only where it is named, and
such an app can not send messages.

Made in the console, so there from the beginning: the template `CONSOLE_TEMPLATE` of `templates`.

What people can do beside the shared actions: `comment`, `urge`, `countersign` (agree, and ask one more person), `pay`.

Not modelled: the process engine (`open_approval_change`), file uploads, JSON envelopes, clicks on message cards and
their updates, templates of third-party providers.
"""
