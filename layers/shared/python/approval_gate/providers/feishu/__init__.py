"""
Feishu: native approval (v4).

- Approval: https://open.feishu.cn/document/server-docs/approval-v4/approval-overview
- Events and their protection: https://open.feishu.cn/document/event-subscription-guide/overview
- Access tokens: https://open.feishu.cn/document/server-docs/authentication-management/access-token
- People: https://open.feishu.cn/document/server-docs/contact-v3/user/batch_get_id
- Error codes: https://open.feishu.cn/document/server-docs/api-call-guide/generic-error-code

Read 2026-02-28. Lark is the same product on other hosts; see `approval_gate.providers.lark`.
"""
