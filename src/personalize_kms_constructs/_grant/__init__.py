"""From the resources that were chosen to the statements in the policies of keys, role and buckets."""
