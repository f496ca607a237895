"""Proves, without the library's tables, that templates permit exactly what AWS's page asks for.

What proves what:

- `test_arrangements.py`: every arrangement of keys, roles and buckets, with all resources and with
  single ones
- `test_properties.py`: random apps, and random selections in those arrangements
- `test_prover_notices.py`: templates broken in every single way (`operators.py`) are noticed
- `mutated_matrix.py`: the library's table broken in every single way is noticed; `make mutation`
  runs it
- `test_transcripts.py`: the three transcripts of AWS's pages are equal
- `test_evaluator.py`, `test_assembly.py`: known answers of the two tools below

What is asked for, from AWS's page: `page.py` is the transcript, `needs.py` applies it to roles,
keys and buckets.

What is built: `building.py` builds an arrangement, and `uses.py` says what was asked for there. The
arrangements are the functions of `in_stacks.py`, `on_keys_and_buckets.py` and
`outside_of_the_app.py`; `arrangements.py` lists them.

What is deployed: `assembly.py` reads an assembly (`stacks.py` its templates, `physical.py` the ids
that CloudFormation would choose) into the policies of `model.py`.

What is different: `prover.py` says everything, from `missing.py` and `excess.py`. `evaluator.py`
decides on the statements of one policy, `in_effect.py` on policies together, `strange.py` names
what a statement of ours may not have. `proving.py` does all of it for one arrangement.
"""
