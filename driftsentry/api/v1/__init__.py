"""The JSON API: Bearer tokens only, never cookies."""

from quart import Blueprint

from driftsentry.api.v1 import reports

BLUEPRINTS: tuple[Blueprint, ...] = (reports.blueprint,)
