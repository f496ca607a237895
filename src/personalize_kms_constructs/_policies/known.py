"""Facts about the keys and buckets that one construct works with, each found once."""

from __future__ import annotations

from ..locations import S3Location
from .bucket_encryption import BucketEncryption, encryption_of
from .place import Place
from .resources import BucketFacts, KeyFacts, bucket_facts, key_facts


class KnownResources:
    """Facts by the object that was given; asking changes nothing in the app."""

    def __init__(self, here: Place) -> None:
        self._here = here
        self._keys: dict[object, KeyFacts] = {}
        self._buckets: dict[object, BucketFacts] = {}
        self._encryption: dict[object, BucketEncryption] = {}

    def key(self, given: object) -> KeyFacts:
        """Return what is known of a key."""
        if given not in self._keys:
            self._keys[given] = key_facts(given, self._here)
        return self._keys[given]

    def bucket(self, given: object) -> BucketFacts:
        """Return what is known of a bucket."""
        if given not in self._buckets:
            self._buckets[given] = bucket_facts(given, self._here)
        return self._buckets[given]

    def encryption_of(self, location: S3Location) -> BucketEncryption:
        """Return the key that encrypts a location, or why no policy can name it."""
        if location.encryption_key is not None:
            return BucketEncryption(self.key(location.encryption_key))
        bucket = self.bucket(location.bucket)
        which = (bucket.identity, bucket.imported_key)
        if which not in self._encryption:
            self._encryption[which] = encryption_of(bucket, self._here, self.key)
        return self._encryption[which]

    def is_in_template(self, location: S3Location) -> bool:
        """Tell if the template of a bucket says which key encrypts a location."""
        return location.encryption_key is None and self.bucket(location.bucket).imported_key is None

    def is_by_bucket(self, location: S3Location) -> bool:
        """Tell if the key that encrypts a location is what stands in a bucket of this app."""
        return self.is_in_template(location) and self.bucket(location.bucket).stack is not None
