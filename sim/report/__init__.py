"""What people and CI read of a run: plots, a page, a terminal summary, Markdown and JUnit.

Records go in, bytes and text come out; only `folder` touches files. `quantities` writes numbers,
`sentences` the answers, `tables` the rows, so that every form of the report says the same.
"""
