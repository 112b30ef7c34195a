import { expect, it } from "vitest"
import { keyValuePairs } from "./key-value-pairs.ts"

it.each([
  [["a=b"], [["a", "b"]]],
  [["a=b=c", "a=d"], [["a", "d"]]],
  [["__proto__=x"], [["__proto__", "x"]]],
  [[], []],
])("%j", (values, wanted) => {
  expect(Object.entries(keyValuePairs(values, "plugin-config"))).toEqual(wanted)
})

it.each(["", "a", "=", "a=", "=b"])("%j is refused", (value) => {
  expect(() => keyValuePairs([value], "user-metadata")).toThrow(
    'could not parse flag user-metadata: key-value pair requires "=" as separator',
  )
})
