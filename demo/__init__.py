"""Deploys the example app to an embedded AWS and shows what Personalize may do there."""
