"""E-mail, one way: to people without a chat account, and as a copy of a digest. Nobody can answer there."""
