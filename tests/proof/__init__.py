"""Proves, with a policy evaluator, that synthesized templates permit what AWS's page asks for and nothing else."""
