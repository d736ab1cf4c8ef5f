"""Lark's hosts and language."""

from __future__ import annotations

from approval_gate.providers.feishu.edition import Edition

__all__ = ["LARK"]

# Source: Feishu developer docs, "AppLink protocol: open an approval page", and the constants of lark-oapi 1.7.5,
# read 2026-02-28. The address of the console is from memory.
LARK = Edition(
    provider="lark",
    name="Lark",
    other_name="Feishu",
    name_zh="Lark",
    other_name_zh="飞书",
    api_base="https://open.larksuite.com",
    other_api_base="https://open.feishu.cn",
    applink_base="https://applink.larksuite.com",
    applink_app_id="cli_9c7cc8a9a9edd105",
    console_url="https://open.larksuite.com/app",
    default_locale="en-US",
)
