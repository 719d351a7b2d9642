"""How the tables came to be, step by step, forward only. storage/schema.py runs them."""
