"""Tests of the imitation of AWS: it has to be as strict as AWS, since the tests that deploy to it rest on that."""
