import { describe, expect, it } from "vitest"
import { goFoldedName } from "./go-names.ts"

describe("goFoldedName", () => {
  // What encoding/json of Go 1.22 takes for the field named "mask-digests".
  it.each(["mask-digests", "MASK-DIGESTS", "maſk-digeſts", "mas\u212a-digests", "Ma\u017f\u212a-DIGEST\u017f"])(
    "%j is the name",
    (name) => {
      expect(goFoldedName(name)).toBe("mask-digests")
    },
  )

  it.each(["maß-digests", "mask-dıgests", "mask-dİgests", "mask‐digests", "måsk-digests"])("%j is another", (name) => {
    expect(goFoldedName(name)).not.toBe("mask-digests")
  })
})
