import { describe, expect, it } from "vitest"

import type { FlagValues } from "../command.ts"
import { blobSignFlags, blobVerifyFlags } from "./early-checks.ts"

/** Flags of which only text was given. */
function given(values: Readonly<Record<string, string>>): FlagValues {
  const flags: Pick<FlagValues, "given" | "string"> = {
    given: (name) => Object.hasOwn(values, name),
    string: (name) => values[name] ?? "",
  }
  return flags as FlagValues
}

describe("blob sign", () => {
  it.each([
    [{}, undefined],
    [{ "signature-directory": "x", "timestamp-url": "http://tsa.test", "timestamp-root-cert": "a.crt" }, undefined],
    [{ "signature-directory": "" }, "signature directory cannot be empty"],
    [{ "timestamp-url": "" }, "timestamping: tsa url cannot be empty"],
    [
      { "timestamp-url": "http://tsa.test", "timestamp-root-cert": "" },
      "timestamping: tsa root certificate path cannot be empty",
    ],
  ])("%j: %s", (flags, expected) => {
    expect(blobSignFlags(given(flags))).toBe(expected)
  })
})

describe("blob verify", () => {
  it.each([
    [{ signature: "a.jws.sig" }, undefined],
    [{ signature: "a.jws.sig", "media-type": "text/plain" }, undefined],
    [{}, "filepath of the signature cannot be empty"],
    [{ signature: "" }, "filepath of the signature cannot be empty"],
    [{ signature: "a.jws.sig", "media-type": "" }, "--media-type is set but with empty value"],
  ])("%j: %s", (flags, expected) => {
    expect(blobVerifyFlags(given(flags))).toBe(expected)
  })
})
