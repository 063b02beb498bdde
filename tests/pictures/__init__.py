"""Looking at the product: `python -m tests.pictures` remakes docs/pictures, `… serve` shows the scene."""
