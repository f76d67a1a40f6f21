"""A package, so that an installed one of the same name never takes its place."""
