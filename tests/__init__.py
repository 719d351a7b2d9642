"""What must hold, shown on real databases."""
