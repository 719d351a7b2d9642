"""When do we act? The clock, the school calendar, recurrences, and the loop that runs what is due."""
