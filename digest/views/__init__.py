"""The site, a module for each part: `public` (what trends), `papers` (a paper's page), `search`, `own` (what one person may
open)."""
