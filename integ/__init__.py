"""A small app in an AWS account of one's own: what AWS doesn't document of Personalize, tried."""
