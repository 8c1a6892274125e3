"""The first page: what needs somebody, in five seconds."""

from driftsentry.overview.keeping import before_commit

__all__ = ["before_commit"]
