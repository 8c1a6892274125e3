"""Users, roles, passwords, sessions, tokens of CI jobs, the login throttle, and the guards of routes."""

from driftsentry.auth.access_tokens import LIFETIME as access_lifetime
from driftsentry.auth.access_tokens import read as read_access_token
from driftsentry.auth.actions import Caller, dead_sessions, note_seen, require_role
from driftsentry.auth.api_sessions import Grant, log_in, log_out, refresh
from driftsentry.auth.api_sessions import identify as identify_program
from driftsentry.auth.ci_tokens import create_token, revoke_token
from driftsentry.auth.model import Account, Person, Role, Scope, Session, Token, User
from driftsentry.auth.people import change as change_user
from driftsentry.auth.people import ensure_demo_users, invite, make_reset_link
from driftsentry.auth.queries import count_accounts, select_account, select_accounts, select_some_accounts
from driftsentry.auth.session_queries import count_sessions, select_holder, select_sessions
from driftsentry.auth.sessions import end as end_session
from driftsentry.auth.sessions import end_all_of as end_sessions_of
from driftsentry.auth.sessions import end_others as end_other_sessions
from driftsentry.auth.setup import offer as offer_setup
from driftsentry.auth.token_queries import select_token_by_id, select_tokens
from driftsentry.auth.token_queries import update_token_used as note_token_used

__all__ = [
    "Account",
    "Caller",
    "Grant",
    "Person",
    "Role",
    "Scope",
    "Session",
    "Token",
    "User",
    "access_lifetime",
    "change_user",
    "count_accounts",
    "count_sessions",
    "create_token",
    "dead_sessions",
    "end_other_sessions",
    "end_session",
    "end_sessions_of",
    "ensure_demo_users",
    "identify_program",
    "invite",
    "log_in",
    "log_out",
    "make_reset_link",
    "note_seen",
    "note_token_used",
    "offer_setup",
    "read_access_token",
    "refresh",
    "require_role",
    "revoke_token",
    "select_account",
    "select_accounts",
    "select_holder",
    "select_sessions",
    "select_some_accounts",
    "select_token_by_id",
    "select_tokens",
]
