"""
What the platform's refusals of messages mean and what to press, in English and Chinese; see `advice`.

Source: WeCom developer docs, "Send application messages", "Template cards", "Application group chats", "Group robots",
read 2026-02-28.
"""

from __future__ import annotations

from approval_gate.verdicts import advice

__all__ = [
    "CARD",
    "CHAT",
    "CHAT_APP",
    "DEPARTMENT",
    "NOT_IN_GROUP",
    "NO_CALLBACK",
    "NO_ROBOT",
    "ROBOT_OFF",
    "SYSTEM_APP",
]

NO_CALLBACK = advice(
    "The app has no callback address, which cards with buttons need.",
    "Set it at the app > Receive messages (接收消息).",
    "该应用未设置回调地址，无法发送带按钮的卡片。",
    "请在 该应用 > 接收消息 中设置。",
)
CARD = advice(
    "WeCom refused a field of the card.",
    "Report this with the code.",
    "企业微信拒绝了卡片的字段。",
    "请附上错误码反馈此问题。",
)
DEPARTMENT = advice(
    "WeCom does not know this department.",
    "Give its number from Contacts (通讯录) in the admin console.",
    "企业微信找不到该部门。",
    "请填写管理后台 > 通讯录 中的部门 ID。",
)
CHAT = advice(
    "WeCom does not know this chat, or another app made it.",
    "An app writes only to chats that it made itself (appchat/create); for any other group, add a group robot and "
    "register that.",
    "企业微信找不到该群，或该群由其他应用创建。",
    "应用只能向自己通过 appchat/create 创建的群发送消息；其他群请添加群机器人并登记。",
)
CHAT_APP = advice(
    "This app may not write to chats.",
    "That needs a self-built app whose visible range is the whole company; for a single group, add a group robot and "
    "register that.",
    "该应用无权向群发送消息。",
    "需要可见范围为全公司的自建应用；如只需一个群，请添加群机器人并登记。",
)
SYSTEM_APP = advice(
    "This app may not send messages.",
    "Use a self-built app's agent_id and secret, not the Approval app's or that of contact synchronisation.",
    "该应用无权发送消息。",
    "请使用自建应用的 agent_id 和 secret，而不是“审批”应用或通讯录同步的。",
)
NO_ROBOT = advice(
    "The robot's address is not valid any more.",
    "Copy the Webhook of the group's robot again.",
    "机器人的地址已失效。",
    "请重新复制群机器人的 Webhook 地址。",
)
ROBOT_OFF = advice(
    "The robot is disabled.",
    "Enable it in the group, or register another.",
    "该机器人已停用。",
    "请在群中启用，或登记其他机器人。",
)
NOT_IN_GROUP = advice(
    "The robot is not in a group any more.",
    "Add it again, and update its address in the gate.",
    "该机器人已不在群中。",
    "请重新添加机器人，并在网关中更新其地址。",
)
