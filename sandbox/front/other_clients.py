"""Files that lead clients not in Python to the sandbox: a preload for Node, a trust store for Java.

Python's own stands in `authority`. Only who uses the lines that `crm sandbox` prints loads them.
"""

from __future__ import annotations

from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from sandbox.front import JAVA, JAVA_PASSWORD, NODE, TRUST
from sandbox.front.routing import HOSTS

_PRELOAD = """// Node before 22.21 looks at no proxy: its https is led through this one, to vendors' hosts.
'use strict';
const [http, https, tls] = ['http', 'https', 'tls'].map((name) => require(name));
const proxy = /^http:\\/\\/(127\\.0\\.0\\.1):(\\d+)\\/?$/.exec(process.env.HTTPS_PROXY || '');
const [major, minor] = process.versions.node.split('.').map(Number);
const able = major > 24 || (major === 24 && minor >= 5) || (major === 22 && minor >= 21);
const looks = process.env.NODE_USE_ENV_PROXY && able;
const hosts = /^(?:%s)$/i;
const direct = https.Agent.prototype.createConnection;
if (proxy && !looks) {
  https.Agent.prototype.createConnection = function (options, done) {
    const host = options.host || options.hostname || '';
    if (!hosts.test(host)) return direct.call(this, options, done);
    const place = `${host}:443`;
    http
      .request({
        host: proxy[1], port: Number(proxy[2]), method: 'CONNECT', path: place, headers: { Host: place },
        agent: false,
      })
      .on('connect', (answer, socket) => {
        if (answer.statusCode !== 200) return done(new Error(`the sandbox refused ${place}`));
        done(null, tls.connect({ ...options, socket, servername: options.servername || host }));
      })
      .on('error', done)
      .end();
  };
}
"""


def help_others(home: Path, certificate: x509.Certificate) -> None:
    """Write both files; the folder is there."""
    (home / TRUST / NODE).write_text(_PRELOAD.replace("%s", "|".join(HOSTS.values())))
    held = pkcs12.PKCS12Certificate(certificate, b"crm-sandbox")
    locked = serialization.BestAvailableEncryption(JAVA_PASSWORD.encode())
    (home / JAVA).write_bytes(pkcs12.serialize_java_truststore([held], locked))
