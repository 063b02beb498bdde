"""What the product costs, beside the floor measured in the same run. Figures, not tests: `make bench`."""

from __future__ import annotations
