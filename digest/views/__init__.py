"""The site, a module for each part.

`public` what trends now and on past days; `papers` a paper's page; `topics` subjects; `search`; `feeds` Atom; `own` what a token or a
session opens.
"""
