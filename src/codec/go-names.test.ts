import { describe, expect, it } from "vitest"
import { goFoldedName } from "./go-names.ts"

describe("goFoldedName", () => {
  // Spec: Unicode CaseFolding.txt, status C and S, which Go's encoding/json compares names by.
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
