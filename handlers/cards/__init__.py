"""What we say: cards and forms as plain data, and all wording."""
