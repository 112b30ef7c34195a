#!/usr/bin/env node
// Old syntax on purpose: this file must run on any Node, to say which one is needed or to find it.
"use strict"
var supported = [
  [22, 22],
  [24, 15],
  [26, 0],
]

function isSupported(version) {
  var parts = version.split(".").map(Number)
  return (
    parts[0] > 26 ||
    supported.some(function (s) {
      return parts[0] === s[0] && parts[1] >= s[1]
    })
  )
}

function runtimePackage() {
  try {
    return require.resolve("node-" + process.platform + "-" + process.arch + "/bin/node")
  } catch (error) {
    return undefined
  }
}

var path = require("path")
var main = path.join(__dirname, "..", "cli", "countersign.js")
process.env.COUNTERSIGN_NAME = path.basename(process.argv[1])
process.env.COUNTERSIGN_LAUNCHER = __filename
if (isSupported(process.versions.node)) {
  import(require("url").pathToFileURL(main).href).catch(function (error) {
    console.error(error)
    process.exitCode = 70
  })
} else {
  var node = runtimePackage()
  if (node === undefined) {
    console.error(
      "countersign needs Node.js 22.22, 24.15 or 26 and newer; this is " +
        process.versions.node +
        ". Install one from https://nodejs.org, or add the package node-" +
        process.platform +
        "-" +
        process.arch +
        " beside countersign.",
    )
    process.exitCode = 1
  } else {
    var done = require("child_process").spawnSync(node, [main].concat(process.argv.slice(2)), { stdio: "inherit" })
    process.exitCode = done.status === null ? 70 : done.status
  }
}
