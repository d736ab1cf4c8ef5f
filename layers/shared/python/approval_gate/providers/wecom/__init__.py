"""
WeCom (Enterprise WeChat): OA approval.

- Access tokens: https://developer.work.weixin.qq.com/document/path/91039
- Templates: https://developer.work.weixin.qq.com/document/path/97437
- Submit an application: https://developer.work.weixin.qq.com/document/path/91853
- Read one, list many: https://developer.work.weixin.qq.com/document/path/91983 and /91816
- Approval events: https://developer.work.weixin.qq.com/document/path/91815
- Callbacks and their protection: https://developer.work.weixin.qq.com/document/path/90930 and /90968
- Error codes: https://developer.work.weixin.qq.com/document/path/90313

Read 2026-02-28. What these pages leave open is said where it matters; `docs/providers/wecom.md` is for administrators.
"""
