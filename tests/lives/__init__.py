"""Random lives: what people, time and the network may do to Clearway, and what must hold whatever they do."""
