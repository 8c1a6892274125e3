"""Users, roles, passwords, sessions, tokens of CI jobs, the login throttle, and the guards of routes."""

from driftsentry.auth.actions import create_token, ensure_demo_users, require_role
from driftsentry.auth.model import Person, Role, Token

__all__ = ["Person", "Role", "Token", "create_token", "ensure_demo_users", "require_role"]
