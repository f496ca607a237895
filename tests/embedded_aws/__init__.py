"""Tests of the imitation of AWS, which has to be as strict as AWS: other tests rely on it."""
