"""AWS's pages applied to requests, and the decisions of the policies on each need."""
