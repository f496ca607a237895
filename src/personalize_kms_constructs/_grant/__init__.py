"""From the chosen resources to the statements in the policies of keys, role and buckets."""
