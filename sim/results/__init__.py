"""The run folder and what is in it: the summary with its versioned schema, the figures, and their files."""
