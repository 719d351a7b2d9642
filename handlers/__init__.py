"""What happens, and what do we say? Platform-neutral: a Request goes in, a Reply comes out."""
