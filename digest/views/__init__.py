"""The site, a module for each part: `public` (what trends), `papers` (a paper's page), `own` (what one person may open)."""
