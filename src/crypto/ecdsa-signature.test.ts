import { describe, expect, it } from "vitest"
import { isEcdsaSignature, parseEcdsaSignature } from "./ecdsa-signature.ts"

const ONE = [0x02, 0x01, 0x01]
const sequence = (...members: readonly number[]): readonly number[] => [0x30, members.length, ...members]

describe("an ECDSA signature", () => {
  it.each([
    { name: "the least numbers", bytes: sequence(...ONE, ...ONE), numbers: [1n, 1n] },
    { name: "a number with its highest bit set", bytes: sequence(0x02, 0x02, 0x00, 0x80, ...ONE), numbers: [128n, 1n] },
  ])("is $name", ({ bytes, numbers }) => {
    expect(parseEcdsaSignature(Uint8Array.from(bytes))).toEqual(numbers)
    expect(isEcdsaSignature(Uint8Array.from(bytes))).toBe(true)
  })

  it.each([
    { name: "nothing", bytes: [] },
    { name: "one number", bytes: sequence(...ONE) },
    { name: "three numbers", bytes: sequence(...ONE, ...ONE, ...ONE) },
    { name: "another structure", bytes: [0x31, 0x06, ...ONE, ...ONE] },
    { name: "something else than a number", bytes: sequence(...ONE, 0x04, 0x01, 0x01) },
    { name: "a number without octets", bytes: sequence(0x02, 0x00, ...ONE) },
    { name: "zero as r", bytes: sequence(0x02, 0x01, 0x00, ...ONE) },
    { name: "zero as s", bytes: sequence(...ONE, 0x02, 0x01, 0x00) },
    { name: "a negative number", bytes: sequence(0x02, 0x01, 0x80, ...ONE) },
    { name: "a negative number in a longer form", bytes: sequence(0x02, 0x02, 0xff, 0x80, ...ONE) },
    { name: "a number in a longer form", bytes: sequence(0x02, 0x02, 0x00, 0x01, ...ONE) },
    { name: "zero in a longer form", bytes: sequence(0x02, 0x02, 0x00, 0x00, ...ONE) },
    { name: "a length in a longer form", bytes: [0x30, 0x81, 0x06, ...ONE, ...ONE] },
    { name: "bytes behind it", bytes: [...sequence(...ONE, ...ONE), 0x00] },
    { name: "more bytes inside than there are", bytes: sequence(...ONE, 0x02, 0x02, 0x01) },
    {
      name: "numbers of no curve",
      bytes: [0x30, 0x81, 0x97, 0x02, 0x81, 0x91, ...new Array<number>(0x91).fill(1), ...ONE],
    },
  ])("is not $name", ({ bytes }) => {
    expect(parseEcdsaSignature(Uint8Array.from(bytes))).toBeUndefined()
    expect(isEcdsaSignature(Uint8Array.from(bytes))).toBe(false)
  })
})
