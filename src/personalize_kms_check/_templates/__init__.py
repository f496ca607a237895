"""Templates as values: assemblies, stacks, functions, parameters and files."""
