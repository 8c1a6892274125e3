"""Numbers about everything: for programs as a summary, for Prometheus as gauges."""

from driftsentry.metrics.summary import Summary, summarise

__all__ = ["Summary", "summarise"]
