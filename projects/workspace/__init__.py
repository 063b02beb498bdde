"""The local side of a repository: processes, the sandbox, git, the project's mirror and its checkouts."""
