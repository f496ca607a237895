"""Locks an open file, named by its descriptor, and waits where another process has locked it."""

import fcntl
import sys

descriptor = int(sys.argv[1])
try:
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError:
    print("▶ waits for another set-up of this folder", flush=True)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
