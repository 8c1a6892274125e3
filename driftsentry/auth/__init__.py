"""Users, roles, passwords, sessions, tokens of CI jobs, the login throttle, and the guards of routes."""

from driftsentry.auth.actions import dead_sessions, require_role
from driftsentry.auth.ci_tokens import create_token
from driftsentry.auth.model import Person, Role, Token
from driftsentry.auth.people import ensure_demo_users
from driftsentry.auth.token_queries import update_token_used as note_token_used

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
