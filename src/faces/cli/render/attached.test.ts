import { describe, expect, it } from "vitest"
import type { AttachedItem, ListResult } from "../../../app/requests.ts"
import type { Digest } from "../../../core/digest.ts"
import { ToolError } from "../../../core/errors.ts"
import { attachedDocument } from "../documents.ts"
import { renderInspection, renderList, renderTree } from "./attached.ts"
import { writeJson } from "./json.ts"
import { plainStyle } from "./style.ts"

const SUBJECT: Digest = `sha256:${"a".repeat(64)}`
const BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"

function item(digit: string, changes: Partial<AttachedItem> = {}): AttachedItem {
  return {
    format: "cosign-v3",
    kind: "signature",
    mediaType: BUNDLE,
    artifactType: BUNDLE,
    location: { store: "referrers-api", where: "registry.example/app", reference: `sha256:${digit.repeat(64)}` },
    descriptor: { mediaType: BUNDLE, digest: `sha256:${digit.repeat(64)}`, size: 900 },
    annotations: {},
    ...changes,
  }
}

const tagged = item("c", {
  format: "cosign-v2",
  location: { store: "signature-tag", where: "registry.example/app", reference: "sha256-aaaa.sig", position: 0 },
  content: { critical: { type: "\x1b[32mgood\x1b[0m" } },
  annotations: { "dev.cosignproject.cosign/signature": "MEUC".repeat(100), evil: "\x1b]0;x\x07\nverified  app" },
})

function listOf(items: readonly AttachedItem[], failed = false): ListResult {
  return {
    artifact: "registry.example/app:1.0",
    subject: { mediaType: "application/vnd.oci.image.manifest.v1+json", digest: SUBJECT, size: 523 },
    items,
    stores: [
      {
        store: "referrers-api",
        where: "registry.example/app",
        outcome: items.length > 0 ? "found" : "none",
        count: items.length,
      },
      failed
        ? {
            store: "signature-tag",
            where: "registry.example/app",
            outcome: "failed",
            count: 0,
            error: { code: "E_NET_TIMEOUT", message: "no answer" },
          }
        : { store: "signature-tag", where: "registry.example/app", outcome: "none", count: 0 },
    ],
  }
}

const CONTROLS = new RegExp("[\\u0000-\\u0009\\u000b-\\u001f\\u007f-\\u009f]")

describe("renderList", () => {
  it("aligns one line per document", () => {
    const lines = renderList(listOf([item("b"), tagged])).split("\n")
    expect(lines[3]).toMatch(/^KIND {7}FORMAT {5}TYPE +PLACE +DIGEST +BYTES$/)
    expect(lines[4]).toMatch(/^signature {2}cosign-v3 .* referrers API {2}sha256:b{64} {2}900$/)
    expect(lines[5]).toMatch(/^signature {2}cosign-v2 .* signature tag {2}sha256:c{64} {2}900$/)
  })

  it("says where was looked when nothing is attached", () => {
    expect(renderList(listOf([]))).toContain("nothing attached; looked in referrers API (none), signature tag (none)")
  })

  it("a place that could not be read makes the list incomplete", () => {
    expect(renderList(listOf([item("b")], true))).toContain(
      "incomplete: 1 place could not be read\n  signature tag failed: no answer",
    )
  })
})

describe("renderTree", () => {
  it("groups by place", () => {
    expect(renderTree(listOf([item("b"), tagged, item("d")]))).toBe(
      [
        "registry.example/app:1.0",
        SUBJECT,
        "├── referrers API registry.example/app",
        `│   ├── signature cosign-v3 ${BUNDLE} sha256:${"b".repeat(64)}`,
        `│   └── signature cosign-v3 ${BUNDLE} sha256:${"d".repeat(64)}`,
        "└── signature tag registry.example/app",
        `    └── signature cosign-v2 ${BUNDLE} sha256:${"c".repeat(64)}`,
        "",
      ].join("\n"),
    )
  })
})

describe("renderInspection", () => {
  const broken = item("e", { error: new ToolError("E_FORMAT_MALFORMED", { what: "no bundle\x1b[2J" }) })
  const text = renderInspection(listOf([tagged, broken]), plainStyle, Infinity)

  it("says at the top and at each document that nothing was verified", () => {
    expect(text.startsWith("not verified: anybody may have written what follows")).toBe(true)
    expect(text.match(/\(not verified\)/g)).toHaveLength(2)
  })

  it("shows content, annotations in short, and what is unreadable", () => {
    expect(text).toContain('"critical": {')
    expect(text).toContain("… (400 characters)")
    expect(text).toContain("unreadable     no bundle\\x1b[2J [E_FORMAT_MALFORMED]")
  })

  it("adv: CVE-2025-32019 annotations and contents cannot control the terminal", () => {
    expect(text).not.toMatch(CONTROLS)
    expect(text.split("\n").filter((line) => line.startsWith("verified"))).toEqual([])
  })
})

describe("attachedDocument", () => {
  it("says by itself that nothing was verified, and has one shape with and without errors", () => {
    const broken = item("e", { error: new ToolError("E_FORMAT_MALFORMED", { what: "no bundle" }) })
    const document = JSON.parse(writeJson(attachedDocument(listOf([item("b"), broken])))) as {
      items: { error: { code: string } | null }[]
    }
    expect(document).toMatchObject({ apiVersion: "countersign.dev/v1", kind: "AttachedList", verified: false })
    expect(document.items.map((entry) => entry.error?.code ?? null)).toEqual([null, "E_FORMAT_MALFORMED"])
  })
})
