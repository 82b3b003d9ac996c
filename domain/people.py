"""Who acts: agents and their roles."""

from enum import StrEnum


class Role(StrEnum):
    """What a signed-in person may decide. Money limits per role are in the playbook."""

    AGENT = "agent"
    SUPERVISOR = "supervisor"
    FINANCE = "finance"
    ADMIN = "admin"

    def may_act_as(self, required: "Role") -> bool:
        """Whether this role includes the authority of `required`."""
        return required in _INCLUDES[self]


_INCLUDES: dict[Role, frozenset[Role]] = {
    Role.AGENT: frozenset({Role.AGENT}),
    Role.SUPERVISOR: frozenset({Role.AGENT, Role.SUPERVISOR}),
    Role.FINANCE: frozenset({Role.AGENT, Role.FINANCE}),
    Role.ADMIN: frozenset(Role),
}
