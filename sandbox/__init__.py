"""The outside world, indoors: HubSpot, Salesforce and Marketing Cloud over HTTP. Imports nothing of ours.

What Python compiles is kept, also where the environment says not to: there are four processes of it.
"""

import sys

sys.dont_write_bytecode = False
