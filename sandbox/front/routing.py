"""Which vendor is meant: by host name through the proxy, by path when the port itself is asked.

A host that is no vendor's is refused: nothing leaves this machine through the sandbox.
"""

from __future__ import annotations

import re

HOSTS = {
    "hubspot": r"(.*\.)?hubapi\.com|(.*\.)?hsforms\.com|(api|app|api-.*|app-.*)\.hubspot\.com",
    "salesforce": r"(.*\.)?salesforce\.com|(.*\.)?force\.com",
    "marketing_cloud": r"(.*\.)?marketingcloudapis\.com|(.*\.)?exacttarget(apis)?\.com",
    "catchers": r"(.*\.)?slack\.com",
}
PATHS = {
    "salesforce": r"/services/(data|oauth2|Soap|async|apexrest)(/|$)|/id/00D|/cometd/",
    "catchers": r"/services/T|/api/|/hooks(/|$)",
    "marketing_cloud": (
        r"(?i:/v2/token$|/(hub|interaction|contacts|data|asset|messaging|platform)/v\d|/service\.asmx|"
        r"/etframework\.wsdl)"
    ),
    "hubspot": r"/[a-z-]+/",
}


def vendor_of_host(host: str) -> str | None:
    name = host.rpartition(":")[0] if re.search(r":\d+$", host) else host
    for vendor, pattern in HOSTS.items():
        if re.fullmatch(pattern, name.lower().rstrip(".")):
            return vendor
    return None


def vendor_of_path(path: str) -> str | None:
    for vendor, pattern in PATHS.items():
        if re.match(pattern, path):
            return vendor
    return None
