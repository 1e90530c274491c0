"""Shared memory as Python's standard library makes it: a resource tracker cleans up after its process."""
import sys
import time
from multiprocessing import shared_memory

memory = shared_memory.SharedMemory(create=True, size=int(sys.argv[1]))
memory.buf[0] = 1
print("ready", flush=True)
time.sleep(3600)
