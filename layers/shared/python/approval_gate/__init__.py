"""Ask a person inside Feishu, Lark, DingTalk or WeCom, and hand the answer to whoever waits."""
