"""Each defence taken away, one at a time, on a copy of the tree: a test has to notice.

    python -m tests.defences                  all of them (some minutes)
    python -m tests.defences Host webhooks    those whose name holds one of these words

`cases` lists what is taken away, and which tests have to fail then.
"""
