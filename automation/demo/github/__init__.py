"""A stand-in for GitHub on loopback: REST API, git over smart HTTP and plain web pages."""

from __future__ import annotations

from automation.demo.github.messages import Fault
from automation.demo.github.standin import StandIn

__all__ = ["Fault", "StandIn"]
