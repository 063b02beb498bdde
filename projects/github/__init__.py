"""The remote: what we ask of GitHub's REST API, what it answers, and how it refuses."""
