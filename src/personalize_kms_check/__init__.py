"""The check of policies against AWS's pages, for apps and accounts: it knows no CDK."""
