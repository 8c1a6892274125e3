"""Users, roles, passwords, sessions, tokens of CI jobs, the login throttle, and the guards of routes."""

from driftsentry.auth.actions import create_token, dead_sessions, ensure_demo_users, require_role
from driftsentry.auth.model import Person, Role, Token
from driftsentry.auth.queries import update_token_used as note_token_used

__all__ = [
    "Person",
    "Role",
    "Token",
    "create_token",
    "dead_sessions",
    "ensure_demo_users",
    "note_token_used",
    "require_role",
]
