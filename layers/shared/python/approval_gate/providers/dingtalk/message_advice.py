"""
What the platform's refusals of messages mean and what to press, in English and Chinese; see `advice`.

Source: DingTalk developer docs, "Send work notifications", "The robot sends a group message", "Custom robots send group
messages", "Customize robot security settings", read 2026-02-28.
"""

from __future__ import annotations

from approval_gate.verdicts import advice

__all__ = [
    "AGENT",
    "A_DAY",
    "DEPARTMENT",
    "LINKS",
    "MALFORMED",
    "NOT_IN_GROUP",
    "NO_ABILITY",
    "NO_GROUP",
    "NO_RECEIVER",
    "NO_ROBOT",
    "REPEATED",
    "ROBOT_OFF",
    "SECURITY",
    "SILENCED",
    "WORDS",
]

SILENCED = advice(
    "The robot sent more than 20 messages in a minute, and DingTalk silences it for ten minutes.",
    "The gate waits by itself; check what else sends with this robot.",
    "该机器人一分钟内发送超过 20 条消息，被钉钉限流十分钟。",
    "网关会自动等待；请检查是否有其他程序在使用该机器人。",
)
AGENT = advice(
    "The agent_id is not the app's.",
    "Copy AgentId from the developer console > the app > Credentials and basic information (凭证与基础信息) and "
    "update the app "
    "in the gate.",
    "agent_id 不是该应用的。",
    "请从开发者后台 > 该应用 > 凭证与基础信息 重新复制 AgentId，并在网关中更新该应用。",
)
NO_RECEIVER = advice(
    "Nobody would get the message.",
    "Name people or departments that exist and are in the app's visible range.",
    "没有人能收到该消息。",
    "请填写存在且在应用可见范围内的人员或部门。",
)
DEPARTMENT = advice(
    "DingTalk does not know this department.",
    "Give its number from the admin console > Contacts (通讯录).",
    "钉钉找不到该部门。",
    "请填写管理后台 > 通讯录 中的部门 ID。",
)
A_DAY = advice(
    "The person has as many messages of this app today as DingTalk allows.",
    "Send fewer, or to a group.",
    "该人员今天收到的本应用消息已达到钉钉上限。",
    "请减少发送，或改发到群。",
)
REPEATED = advice(
    "The person got the same text today, and DingTalk shows it once a day.",
    "Change the text if it is to be shown again.",
    "该人员今天已收到相同内容，钉钉每天只展示一次。",
    "如需再次展示，请修改消息内容。",
)
WORDS = advice(
    "DingTalk refuses the words of the message.", "Change them.", "钉钉拒绝了消息中的词语。", "请修改消息文字。"
)
LINKS = advice(
    "DingTalk holds a link or word of the message for unsafe.",
    "Remove it, or ask DingTalk to review the site.",
    "钉钉认为消息中的链接或词语不安全。",
    "请将其删除，或向钉钉申请网址复核。",
)
SECURITY = advice(
    "The robot's security settings refuse the message.",
    "With the setting 加签 (signature), the gate's secret must be the robot's; with keywords, a message must hold "
    "one; with "
    "an address list, add the gate's outgoing address.",
    "消息不符合机器人的安全设置。",
    "使用“加签”时，网关中的密钥必须与机器人一致；使用自定义关键词时，消息必须包含关键词；使用 IP 地址段时，"
    "请添加网关的出口 IP 地址。",
)
NO_ROBOT = advice(
    "The robot's address is not valid any more.",
    "Copy the Webhook of the group's robot again.",
    "机器人的地址已失效。",
    "请重新复制群机器人的 Webhook 地址。",
)
ROBOT_OFF = advice(
    "The robot is disabled or was removed from the group.",
    "Add it again, and update its address in the gate.",
    "该机器人已停用或已被移出群。",
    "请重新添加机器人，并在网关中更新其地址。",
)
NO_GROUP = advice(
    "The robot's group was dissolved.", "Register the robot of another group.", "该群已解散。", "请登记其他群的机器人。"
)
NOT_IN_GROUP = advice(
    "The app's robot is not in this chat.",
    "In the developer console, add the robot ability (机器人) to the app and publish a version; then add the robot "
    "in the "
    "group > Group settings > Bots. The chat is named by its openConversationId.",
    "应用的机器人不在该群中。",
    "请在开发者后台为该应用添加机器人能力并发布版本，然后在 群设置 > 机器人 中添加该机器人。群以 openConversationId "
    "指定。",
)
NO_ABILITY = advice(
    "The app's robot may not write to people.",
    "In the developer console > the app, add the robot ability (机器人) and publish a version.",
    "应用的机器人不能向个人发送消息。",
    "请在开发者后台为该应用添加机器人能力，并发布新版本。",
)
MALFORMED = advice(
    "DingTalk found the message malformed.",
    "Report this with the request id.",
    "钉钉认为消息格式有误。",
    "请附上请求 ID 反馈此问题。",
)
