"""The command `crm`: arguments and printing only. What a command does is in `pipelines.steps`.

What Python compiles is kept, also where the environment says not to, as it does in many containers: each
command would compile dlt, dbt and the others anew, seconds of it.
"""

import sys

sys.dont_write_bytecode = False
