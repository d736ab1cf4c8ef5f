"""
Feishu and Lark: access tokens, approval v4, contacts, messages, custom bots, events 1.0.

Sources: open.feishu.cn/document, pages of 2024-10 to 2026-01, read 2026-02-28, and the models of the vendor's Python
SDK (lark-oapi 1.7.5). Where the documentation leaves something open, the module says so in a comment, and a switch
(`POST /_sim/settings`) offers the other reading where a client has to survive both.

Words for an app beside the shared ones: `encrypt_key` (optional; events are then encrypted and signed),
`verification_token`, `tenant_key`, `activate_status` (2, enabled, unless given; see `selfchecks`).

Not modelled: resubmission after a rejection (`reject_option` 1), added signers, searches over instances and tasks, file
uploads, clicks on message cards, the long connection.
"""
