"""
Lark: Feishu's international deployment. Other hosts, other apps, other people; the same product.

- Approval: https://open.larksuite.com/document/server-docs/approval-v4/approval-overview

Read 2026-02-28. The one arrow between providers: everything here subclasses `approval_gate.providers.feishu`.
"""
