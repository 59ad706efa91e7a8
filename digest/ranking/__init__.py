"""Numbers only: what is known of a taste, what a paper scores with it, and which papers make an issue. No Django here."""
