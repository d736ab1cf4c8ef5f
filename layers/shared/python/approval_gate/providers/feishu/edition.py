"""What differs between Feishu and Lark: two deployments of one product that do not know each other."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FEISHU", "Edition"]


@dataclass(frozen=True, slots=True)
class Edition:
    """
    One deployment.

    Args:
        provider: our name of it.
        name, other_name: the vendor's names of this and of the other deployment, for messages; `_zh`: in Chinese.
        api_base: where calls go unless the app has a `base_url`; `other_api_base`: the other deployment's.
        applink_base, applink_app_id: where a link opens the client's own approval page.
        console_url: where an administrator sets up the app.
        default_locale: the language shown to people whose client has neither English nor Chinese.
    """

    provider: str
    name: str
    other_name: str
    name_zh: str
    other_name_zh: str
    api_base: str
    other_api_base: str
    applink_base: str
    applink_app_id: str
    console_url: str
    default_locale: str


# Source: Feishu developer docs, "AppLink protocol: open an approval page", and the constants of lark-oapi 1.7.5,
# read 2026-02-28. The address of the console is from memory.
FEISHU = Edition(
    provider="feishu",
    name="Feishu",
    other_name="Lark",
    name_zh="飞书",
    other_name_zh="Lark",
    api_base="https://open.feishu.cn",
    other_api_base="https://open.larksuite.com",
    applink_base="https://applink.feishu.cn",
    applink_app_id="cli_9cb844403dbb9108",
    console_url="https://open.feishu.cn/app",
    default_locale="zh-CN",
)
