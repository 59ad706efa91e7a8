"""What only a local run uses: a private PostgreSQL and Valkey, the inbox, and the command that starts it all."""
