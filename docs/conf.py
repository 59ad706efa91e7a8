"""How `make docs` builds the site of these pages: Sphinx, with MyST for Markdown and Furo for the look."""

project = "Paper Round"
author = "the developers of Paper Round"
copyright = author  # noqa: A001 - Sphinx's name
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
root_doc = "index"
exclude_patterns = ["screens/README.md"]
myst_heading_anchors = 3
myst_enable_extensions = ["attrs_block"]
html_theme = "furo"
html_title = "Paper Round"
html_static_path: list[str] = []
html_show_sphinx = False
html_theme_options = {
    "light_css_variables": {
        "color-brand-primary": "#0f5c4a",
        "color-brand-content": "#0f5c4a",
        "color-background-primary": "#fbfaf6",
        "color-foreground-primary": "#1b1b18",
        "font-stack": "system-ui, sans-serif",
    },
    "dark_css_variables": {
        "color-brand-primary": "#6fc7ac",
        "color-brand-content": "#6fc7ac",
        "color-background-primary": "#161613",
        "color-foreground-primary": "#eceae2",
        "font-stack": "system-ui, sans-serif",
    },
}
# Nothing is loaded from elsewhere: the pages work from a disk.
html_permalinks = True
