import { expect, it } from "vitest"

import type { JsonObject } from "../../core/json-value.ts"
import { logrusMessage } from "./logrus-message.ts"

it.each<[string, JsonObject, string]>([
  [
    "http.request",
    { method: "GET", url: "http://ca.test/a", status: 200, ms: 5, type: "application/ocsp-response" },
    'Request: "GET" "http://ca.test/a" Response status: "200" Response headers: "Content-Type": "application/ocsp-response" (5 ms)',
  ],
  [
    "http.request",
    { method: "HEAD", url: "http://ca.test/a", status: 404, ms: 5, type: null },
    'Request: "HEAD" "http://ca.test/a" Response status: "404" (5 ms)',
  ],
  ["plugin.run", { plugin: "p", command: "describe-key" }, "Plugin describe-key request to p"],
  [
    "plugin.end",
    { plugin: "p", command: "describe-key", status: "exit status 1" },
    "Plugin describe-key response from p: exit status 1",
  ],
  [
    "plugin.end",
    { plugin: "p", command: "verify-signature", status: "exit status 0", response: '{"a":1}' },
    'Plugin verify-signature response from p: exit status 0 {"a":1}',
  ],
  ["http.requests", { method: "GET" }, "as it is"],
  ["__proto__", {}, "as it is"],
])("%s %j", (event, fields, expected) => {
  expect(logrusMessage(event, fields, "as it is")).toBe(expected)
})

it("text of a server stays in its quotes", () => {
  const fields = { method: "GET", url: "u", status: 200, ms: 1, type: 'a" level=error msg="b\n' }
  expect(logrusMessage("http.request", fields, "")).toContain('"Content-Type": "a\\" level=error msg=\\"b\\n" (1 ms)')
})
