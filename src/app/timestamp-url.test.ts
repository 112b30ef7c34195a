import { describe, expect, it } from "vitest"
import { ToolError } from "../core/errors.ts"
import { checkTimestampUrl } from "./timestamp-url.ts"

function refusal(url: string): ToolError | undefined {
  try {
    checkTimestampUrl(url)
    return undefined
  } catch (thrown) {
    if (thrown instanceof ToolError) return thrown
    throw thrown
  }
}

describe("the URL of a timestamp authority", () => {
  it.each(["http://a.test", "https://a.test:8443/tsr?x=1", "HTTP://a.test/", "http://a.test/user@host"])(
    "accepts %s",
    (url) => {
      expect(refusal(url)).toBeUndefined()
    },
  )

  it.each([
    ["ftp://a.test", 'endpoint "ftp://a.test": scheme must be http or https, but got "ftp"'],
    ["a.test/tsr", 'scheme must be http or https, but got ""'],
    ["x y", 'scheme must be http or https, but got ""'],
    ["", 'endpoint "": scheme must be http or https, but got ""'],
    ["file:///etc/passwd", 'scheme must be http or https, but got "file"'],
    ["http://", 'endpoint "http://": host cannot be empty'],
    ["http:///tsr", "host cannot be empty"],
    ["http:tsr", "host cannot be empty"],
    ["http://a b/", "not a URL"],
  ])("refuses %s", (url, text) => {
    expect(refusal(url)).toMatchObject({ code: "E_USAGE", what: expect.stringContaining(text) as unknown })
  })

  it.each([
    "http://user:secret@a.test/",
    "https://secret@a.test",
    "http://user@x:secret@a.test/",
    "http:user:secret@a.test",
    "http:\\\\user:secret@a.test",
    "ftp://user:secret@a.test/",
    "http://user:secret@",
    "http://user:secret@a b/",
    "//user:secret@a.test",
  ])("refuses credentials and does not repeat them: %s", (url) => {
    const error = refusal(url)
    expect(error).toMatchObject({
      code: "E_USAGE",
      what: expect.stringContaining("user name or a password") as unknown,
    })
    expect(JSON.stringify([error?.message, error?.next, error?.details])).not.toContain("secret")
  })
})
