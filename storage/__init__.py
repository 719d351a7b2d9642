"""What do we remember? Tables, queries and the two doors to them."""
