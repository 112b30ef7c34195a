/** Imported before a program whose network is forbidden: whoever opens a socket or asks for a name is stopped and told. */
"use strict"

const dgram = require("node:dgram")
const dns = require("node:dns")
const net = require("node:net")
const tls = require("node:tls")

function forbidden() {
  process.stderr.write("a socket was opened\n")
  process.exit(99)
}

net.Socket.prototype.connect = forbidden
net.connect = forbidden
net.createConnection = forbidden
tls.connect = forbidden
dgram.createSocket = forbidden
for (const names of [dns, dns.promises]) {
  for (const name of Object.keys(names)) {
    if (/^(?:lookup|resolve)/.test(name)) names[name] = forbidden
  }
}
