"""The local run: its servers, its processes, its inbox, and the whole job."""
