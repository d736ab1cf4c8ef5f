"""
The platforms' consoles: what to copy from where, and what to press after registration, for the questions of `apps add`.

The command line stands alone and knows the gate by its API only, so this repeats what the providers know about their
fields; a test holds it to them. A provider that is not here can be registered all the same: the gate names what is
missing, with the place to copy it from, and the command asks for that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

__all__ = ["CONSOLES", "Console", "Field", "Said"]


class Said(NamedTuple):
    """One text in both languages."""

    en: str
    zh: str

    def to(self, lang: str) -> str:
        """Return it in `en` or `zh`."""
        return self.zh if lang == "zh" else self.en


@dataclass(frozen=True, slots=True)
class Field:
    """
    One value of a console.

    Args:
        name: what the API calls it, which is the vendor's word.
        label: as the console writes it.
        where: the page it is on.
        on_address_page: shown on the very page that asks for the request address, so it may come after registration.
    """

    name: str
    label: Said
    where: Said
    is_secret: bool = False
    is_required: bool = False
    on_address_page: bool = False


@dataclass(frozen=True, slots=True)
class Console:
    """One platform's console: its name and address, its fields, and what to press once the address is known."""

    title: Said
    url: str
    fields: tuple[Field, ...]
    next_steps: tuple[Said, ...]

    @property
    def secrets(self) -> frozenset[str]:
        """Return the names of the fields that are never shown."""
        return frozenset(field.name for field in self.fields if field.is_secret)


_FEISHU_BASIC = Said("Credentials & Basic Info", "凭证与基础信息")
_FEISHU_SEALING = Said("Events & Callbacks > Encryption Strategy", "事件与回调 > 加密策略")
_FEISHU_FIELDS = (
    Field("app_id", Said("App ID", "App ID"), _FEISHU_BASIC, is_required=True),
    Field("app_secret", Said("App Secret", "App Secret"), _FEISHU_BASIC, is_secret=True, is_required=True),
    Field("encrypt_key", Said("Encrypt Key", "Encrypt Key"), _FEISHU_SEALING, is_secret=True),
    Field("verification_token", Said("Verification Token", "Verification Token"), _FEISHU_SEALING, is_secret=True),
)
_FEISHU_STEPS = (
    Said(
        "Events & Callbacks > Event Configuration: send to developer's server; paste the address; Save.",
        "事件与回调 > 事件配置：选择「将事件发送至开发者服务器」，粘贴上面的请求地址，保存。",
    ),
    Said(
        "Add Events: approval_instance (instance status changed) and approval_task (task status changed).",
        "添加事件：审批实例状态变更（approval_instance）和审批任务状态变更（approval_task）。",
    ),
    Said(
        "Version Management & Release: publish a version and let an administrator release it.",
        "版本管理与发布：创建版本并发布，由管理员审核通过。",
    ),
)

_DINGTALK_BASIC = Said("Credentials and basic information (凭证与基础信息)", "凭证与基础信息")
_DINGTALK_EVENTS = Said("Event subscription (事件订阅), push mode HTTP", "事件订阅，推送方式选 HTTP 推送")
_DINGTALK_FIELDS = (
    Field("app_key", Said("Client ID, formerly AppKey", "Client ID（原 AppKey）"), _DINGTALK_BASIC, is_required=True),
    Field(
        "app_secret",
        Said("Client Secret, formerly AppSecret", "Client Secret（原 AppSecret）"),
        _DINGTALK_BASIC,
        is_secret=True,
        is_required=True,
    ),
    Field("agent_id", Said("AgentId, for work notifications", "AgentId，用于工作通知"), _DINGTALK_BASIC),
    Field(
        "corp_id",
        Said("CorpId, only for the older way of subscribing", "CorpId，仅旧版事件注册需要"),
        Said("home page of the developer console", "开发者后台首页"),
    ),
    Field(
        "aes_key",
        Said("aes_key, 43 characters", "加密 aes_key（43 位）"),
        _DINGTALK_EVENTS,
        is_secret=True,
        on_address_page=True,
    ),
    Field("token", Said("token", "签名 token"), _DINGTALK_EVENTS, is_secret=True, on_address_page=True),
)
_DINGTALK_STEPS = (
    Said(
        "Event subscription: paste the address into the request address (请求网址) and save; press save again if it "
        "says that the check failed.",
        "事件订阅：把上面的地址填入「请求网址」并保存；如果提示校验失败，请再保存一次。",
    ),
    Said(
        "Tick bpms_instance_change and bpms_task_change; filter them to the gate's form once it exists.",
        "勾选审批实例开始、结束（bpms_instance_change）和审批任务开始、结束、转交（bpms_task_change）；表单生成后再按表单过滤。",
    ),
    Said(
        "Security settings > Server egress IP (安全设置 > 服务器出口IP): list the gate's outgoing addresses.",
        "安全设置 > 服务器出口IP：填写网关的出口地址。",
    ),
    Said("Version management: publish a version.", "版本管理与发布：发布版本。"),
)

_WECOM_APP = Said("App Management (应用管理) > the app", "应用管理 > 该应用")
_WECOM_RECEIVE = Said(
    "the app > Receive messages (接收消息) > Set API reception (设置API接收)", "该应用 > 接收消息 > 设置API接收"
)
_WECOM_FIELDS = (
    Field(
        "corp_id",
        Said("Company ID (企业ID)", "企业ID"),
        Said("My Company (我的企业), at the end of the page", "我的企业，页面底部"),
        is_required=True,
    ),
    Field("agent_id", Said("AgentId", "AgentId"), _WECOM_APP, is_required=True),
    Field("secret", Said("Secret", "Secret"), _WECOM_APP, is_secret=True, is_required=True),
    Field(
        "template_id",
        Said("template of approvals; left out, the gate makes one", "审批模板 ID；留空则由网关创建"),
        Said(
            "Approval (审批) > the template > Edit: the last part of the page's address",
            "审批 > 模板 > 编辑：页面地址的最后一段",
        ),
    ),
    Field("token", Said("Token", "Token"), _WECOM_RECEIVE, is_secret=True, on_address_page=True),
    Field(
        "encoding_aes_key",
        Said("EncodingAESKey, 43 characters", "EncodingAESKey（43 位）"),
        _WECOM_RECEIVE,
        is_secret=True,
        on_address_page=True,
    ),
)
_WECOM_STEPS = (
    Said(
        "Set API reception (设置API接收): paste the address, Save; press Save again if it does not answer at once.",
        "设置API接收：把上面的地址填入 URL 并保存；如果提示无响应，请再保存一次。",
    ),
    Said(
        "On the same page tick Approval status events (审批状态通知事件); Approval > API: let the app call approvals, "
        "and tick the template for notifications.",
        "在同一页面勾选「审批状态通知事件」；审批 > API：允许该应用调用接口，并勾选需要回调通知的模版。",
    ),
    Said(
        "The app > Trusted IPs (企业可信IP): list the gate's outgoing addresses.",
        "该应用 > 企业可信IP：填写网关的出口地址。",
    ),
)

CONSOLES: Mapping[str, Console] = {
    "feishu": Console(Said("Feishu", "飞书"), "https://open.feishu.cn/app", _FEISHU_FIELDS, _FEISHU_STEPS),
    "lark": Console(Said("Lark", "Lark"), "https://open.larksuite.com/app", _FEISHU_FIELDS, _FEISHU_STEPS),
    "dingtalk": Console(Said("DingTalk", "钉钉"), "https://open-dev.dingtalk.com", _DINGTALK_FIELDS, _DINGTALK_STEPS),
    "wecom": Console(Said("WeCom", "企业微信"), "https://work.weixin.qq.com/wework_admin", _WECOM_FIELDS, _WECOM_STEPS),
}
