"""
DingTalk: OA approval (workflow 1.0).

- Instances: https://open.dingtalk.com/document/development/create-an-approval-instance
- One instance: https://open.dingtalk.com/document/development/obtains-the-details-of-a-single-approval-instance-pop
- Forms: https://open.dingtalk.com/document/development/create-an-approval-form-template
- Events: https://open.dingtalk.com/document/development/approval-events-2
- Callbacks: https://open.dingtalk.com/document/development/http-callback-overview
- Access tokens: https://open.dingtalk.com/document/development/obtain-the-access-token-of-an-internal-app
- Error codes: https://open.dingtalk.com/document/development/server-api-error-codes-1

Read 2026-02-28. Nothing here was tried against the live platform; what the pages leave open is said where it matters.
"""
