"""The rules of the process: facts in, decision out. No input, no output, no clock."""
