"""The site, a module for each part.

`public` what trends now and on past days; `papers` a paper's page; `topics` subjects; `search`; `feeds` Atom; `own` what a
token or a session opens; `feedback` the answers to a digest; `issues` what was mailed, read again; `votes` what was saved and
voted; `previews` a digest before it is asked for; `community` upvotes and papers that readers bring.
"""
