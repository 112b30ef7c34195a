import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { buildPayload, parsePayload } from "./payload.ts"

const encoder = new TextEncoder()
const DIGEST = `sha256:${"ab".repeat(32)}` as const
const TARGET = { mediaType: "a/b", digest: DIGEST, size: 7 }

const parse = (target: unknown, root: object = {}): unknown =>
  parsePayload(encoder.encode(JSON.stringify({ targetArtifact: target, ...root })))

describe("parsePayload", () => {
  it("reads the four members and ignores others", () => {
    const annotations = { a: "1", __proto__x: "2" }
    expect(parse({ ...TARGET, annotations, artifactType: "x/y", new: 1 }, { more: [] })).toEqual({
      ...TARGET,
      annotations,
    })
    expect(parse(TARGET)).toEqual({ ...TARGET, annotations: {} })
  })

  it.each([
    ["nothing", ""],
    ["no object", "[]"],
    ["no target", "{}"],
    ["two documents", `{"targetArtifact":${JSON.stringify(TARGET)}}{}`],
    ["a target that is a text", '{"targetArtifact":"x"}'],
    ["two targets", `{"targetArtifact":${JSON.stringify(TARGET)},"targetArtifact":${JSON.stringify(TARGET)}}`],
    ["another spelling of the target", `{"TargetArtifact":{},"targetArtifact":${JSON.stringify(TARGET)}}`],
    ["another spelling of digest", JSON.stringify({ targetArtifact: { ...TARGET, Digest: DIGEST } })],
    ["two digests", JSON.stringify({ targetArtifact: TARGET }).replace('"size"', `"digest":"${DIGEST}","size"`)],
    ["a digest by MD5", JSON.stringify({ targetArtifact: { ...TARGET, digest: `md5:${"ab".repeat(16)}` } })],
    ["a digest in upper case", JSON.stringify({ targetArtifact: { ...TARGET, digest: DIGEST.toUpperCase() } })],
    ["no digest", JSON.stringify({ targetArtifact: { ...TARGET, digest: undefined } })],
    ["no size", JSON.stringify({ targetArtifact: { ...TARGET, size: undefined } })],
    ["a negative size", JSON.stringify({ targetArtifact: { ...TARGET, size: -1 } })],
    ["a size that is a text", JSON.stringify({ targetArtifact: { ...TARGET, size: "7" } })],
    ...["7.0", "7e0", "0.7e1", "70e-1", "7.00000000000000000001", "-0.0"].map((size): [string, string] => [
      `a size written as ${size}`,
      `{"targetArtifact":{"mediaType":"a/b","digest":"${DIGEST}" , "size" : ${size} }}`,
    ]),
    [
      "a size with a fraction and the name escaped",
      `{"targetArtif\\u0061ct":{"mediaType":"a/b","digest":"${DIGEST}","s\\u0069ze":7.0}}`,
    ],
    ["data that is no base64", JSON.stringify({ targetArtifact: { ...TARGET, data: "!!" } })],
    ["data in another alphabet", JSON.stringify({ targetArtifact: { ...TARGET, data: "-_-_" } })],
    ["data that is no text", JSON.stringify({ targetArtifact: { ...TARGET, data: 1 } })],
    ["no media type", JSON.stringify({ targetArtifact: { ...TARGET, mediaType: "" } })],
    ["metadata that is no text", JSON.stringify({ targetArtifact: { ...TARGET, annotations: { a: 1 } } })],
    ["a lone surrogate", `{"targetArtifact":{"mediaType":"\\ud800","digest":"${DIGEST}","size":7}}`],
  ])("refuses %s", (_, text) => {
    expect(() => parsePayload(encoder.encode(text))).toThrow(
      expect.objectContaining({ code: "E_FORMAT_MALFORMED" }) as Error,
    )
  })

  it("takes numbers elsewhere as they are, and data in base64", () => {
    const text = `{"size":7.0,"targetArtifact" : {"x":{"size":7.5},"digest":"${DIGEST}","size":7 ,"mediaType":"a/b","data":"aGk="}, "y":1e3}`
    expect(parsePayload(encoder.encode(text))).toEqual({ ...TARGET, annotations: {} })
    const zero = `{"targetArtifact":{"mediaType":"a/b","digest":"${DIGEST}","size":-0}}`
    expect(parsePayload(encoder.encode(zero)).size).toBe(0)
  })

  it("takes __proto__ as any other metadata", () => {
    const text = `{"targetArtifact":{"mediaType":"a/b","digest":"${DIGEST}","size":7,"annotations":{"__proto__":"x"}}}`
    const { annotations } = parsePayload(encoder.encode(text))
    expect(Object.keys(annotations)).toEqual(["__proto__"])
  })
})

describe("buildPayload", () => {
  const text = (annotations: Record<string, string>, order: "jws" | "cose"): string =>
    new TextDecoder().decode(buildPayload(TARGET, annotations, order))

  it("orders members as notation does", () => {
    expect(text({}, "jws")).toBe(`{"targetArtifact":{"digest":"${DIGEST}","mediaType":"a/b","size":7}}`)
    expect(text({}, "cose")).toBe(`{"targetArtifact":{"mediaType":"a/b","digest":"${DIGEST}","size":7}}`)
    const metadata = '{"10":"\\u003c","9":"\\u0026","b":"é","\u{10000}":""}'
    const given = { b: "é", "9": "&", "10": "<", "\u{10000}": "" }
    expect(text(given, "jws")).toContain(`{"targetArtifact":{"annotations":${metadata},"digest"`)
    expect(text(given, "cose")).toContain(`,"size":7,"annotations":${metadata}}}`)
  })

  it.each(["io.cncf.notary", "io.cncf.notary.x", "io.cncf.notaryx"])("refuses %s as metadata", (key) => {
    expect(() => text({ [key]: "x" }, "jws")).toThrow(
      expect.objectContaining({
        code: "E_USAGE",
        what: `error adding user metadata: metadata key ${key} has reserved prefix io.cncf.notary`,
      }) as Error,
    )
  })

  it("is read back", () => {
    const annotations = fc.dictionary(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), { maxKeys: 5 })
    fc.assert(
      fc.property(annotations, fc.constantFrom("jws" as const, "cose" as const), (metadata, order) => {
        fc.pre(!Object.keys(metadata).some((key) => key.startsWith("io.cncf.notary")))
        const read = parsePayload(buildPayload(TARGET, metadata, order))
        expect(Object.entries(read.annotations).toSorted()).toEqual(Object.entries(metadata).toSorted())
        expect(read).toMatchObject(TARGET)
      }),
    )
  })
})
