"""timed_run.py LOG COMMAND...: runs it with its output in LOG; prints what the kernel knows of it as JSON.

A process of its own, and a small one: the peak memory of a child begins with that of the process that started it.
"""

import json
import os
import sys
import time

log = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
begin = time.monotonic()
pid = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ,
                      file_actions=[(os.POSIX_SPAWN_DUP2, log, 1), (os.POSIX_SPAWN_DUP2, log, 2)])
_, status, usage = os.wait4(pid, 0)
print(json.dumps({"seconds": time.monotonic() - begin, "cpu": usage.ru_utime + usage.ru_stime,
                  "peak": usage.ru_maxrss * 1024, "exit": os.waitstatus_to_exitcode(status)}))
