"""What leaves the store: expired Days, deleted calls and accounts, the bytes they leave behind."""
