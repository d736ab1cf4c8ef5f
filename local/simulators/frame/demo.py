"""
Seed `demo`: an organisation to play with, the same on every platform.

People (`user_id`, e-mail `<user_id>@example.com`):

    lead     林悦          tech lead
    dev      周航          engineer, the one who asks
    qa       Priya Nair    QA engineer
    ops      马腾          SRE
    release  Sofia Berg    release manager
    oncall   陈思远        on-call manager
    intern   许诺          has left

Departments: engineering with development, quality and operations below it, and product. Chats: releases and incidents,
both with every app's bot. User group: release managers. Robot `demo-ops-robot` of the incidents chat, secret
`demo-robot-secret`.

Two unlike apps come from the platform's own `Rules.demo_apps`: one that may do everything, and a narrow one.
"""

from typing import Any

from local.simulators.frame.platform import Simulation

__all__ = ["seed_demo"]

_ORGANISATION: dict[str, list[dict[str, Any]]] = {
    "departments": [
        {"id": "d-engineering", "name": "工程中心 Engineering", "parent": "0"},
        {"id": "d-development", "name": "研发部 Development", "parent": "d-engineering"},
        {"id": "d-quality", "name": "质量部 Quality", "parent": "d-engineering"},
        {"id": "d-operations", "name": "运维部 Operations", "parent": "d-engineering"},
        {"id": "d-product", "name": "产品部 Product", "parent": "0"},
    ],
    "people": [
        {
            "user_id": "lead",
            "name": "林悦",
            "en_name": "Lin Yue",
            "email": "lead@example.com",
            "mobile": "+8613800000001",
            "title": "研发负责人 Tech lead",
            "departments": ["d-development"],
        },
        {
            "user_id": "dev",
            "name": "周航",
            "en_name": "Zhou Hang",
            "email": "dev@example.com",
            "mobile": "+8613800000002",
            "title": "后端工程师 Backend engineer",
            "departments": ["d-development"],
            "leader": "lead",
        },
        {
            "user_id": "qa",
            "name": "Priya Nair",
            "en_name": "Priya Nair",
            "email": "qa@example.com",
            "mobile": "+6591234567",
            "title": "测试工程师 QA engineer",
            "departments": ["d-quality"],
            "leader": "lead",
        },
        {
            "user_id": "ops",
            "name": "马腾",
            "en_name": "Ma Teng",
            "email": "ops@example.com",
            "mobile": "+8613800000004",
            "title": "运维工程师 SRE",
            "departments": ["d-operations"],
            "leader": "oncall",
        },
        {
            "user_id": "release",
            "name": "Sofia Berg",
            "en_name": "Sofia Berg",
            "email": "release@example.com",
            "mobile": "+4670123456",
            "title": "发布经理 Release manager",
            "departments": ["d-product"],
        },
        {
            "user_id": "oncall",
            "name": "陈思远",
            "en_name": "Chen Siyuan",
            "email": "oncall@example.com",
            "mobile": "+8613800000006",
            "title": "值班经理 On-call manager",
            "departments": ["d-operations"],
        },
        {
            "user_id": "intern",
            "name": "许诺",
            "en_name": "Xu Nuo",
            "email": "intern@example.com",
            "mobile": "+8613800000007",
            "title": "实习生 Intern",
            "departments": ["d-development"],
            "resigned": True,
        },
    ],
    "chats": [
        {
            "id": "oc_demo_releases",
            "name": "发布频道 Releases",
            "members": ["lead", "dev", "qa", "ops", "release"],
            "bots": ["*"],
            "owner": "release",
        },
        {
            "id": "oc_demo_incidents",
            "name": "故障响应 Incidents",
            "members": ["lead", "ops", "oncall"],
            "bots": ["*"],
            "owner": "oncall",
        },
    ],
    "groups": [
        {"id": "g-release-managers", "name": "发布委员会 Release managers", "members": ["lead", "release", "oncall"]}
    ],
    "robots": [
        {"id": "demo-ops-robot", "chat": "oc_demo_incidents", "name": "ops-group", "secret": "demo-robot-secret"}
    ],
}


def seed_demo(simulation: Simulation) -> None:
    """Add the demo's organisation and apps, unless they are there already: what was changed since stays as it is."""
    if simulation.people.people.count() or simulation.apps.all():
        return
    with simulation.store.transaction():
        simulation.people.add(_ORGANISATION)
        for app in simulation.rules.demo_apps:
            simulation.apps.save(simulation.apps.read(app))
