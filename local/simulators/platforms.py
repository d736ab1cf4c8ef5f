"""The platforms that can be simulated, by the name used on the command line."""

from collections.abc import Callable

from local.simulators.dingtalk.platform import DingTalkPlatform
from local.simulators.dingtalk.rules import RULES as DINGTALK
from local.simulators.feishu.flavours import FEISHU, LARK
from local.simulators.feishu.platform import FeishuPlatform
from local.simulators.frame.platform import Platform, Rules, Simulation
from local.simulators.wecom.platform import WecomPlatform
from local.simulators.wecom.rules import RULES as WECOM

__all__ = ["PLATFORMS"]

PLATFORMS: dict[str, tuple[Rules, Callable[[Simulation], Platform]]] = {
    "feishu": (FEISHU.rules, lambda simulation: FeishuPlatform(simulation, FEISHU)),
    "lark": (LARK.rules, lambda simulation: FeishuPlatform(simulation, LARK)),
    "dingtalk": (DINGTALK, DingTalkPlatform),
    "wecom": (WECOM, WecomPlatform),
}
