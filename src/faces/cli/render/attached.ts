import type { AttachedItem, ListResult } from "../../../app/requests.ts"
import { facts, type Fact } from "./facts.ts"
import { evidenceFacts } from "./evidence.ts"
import { claimLines } from "./explain.ts"
import { printable } from "../../../core/printable.ts"
import type { Style } from "./style.ts"
import { table } from "./table.ts"
import { counted, descriptorText, storeName, storeOutcome } from "./words.ts"

/** Lines of one decoded document shown by `inspect`. */
const CONTENT_LINES = 200

/** Answer of `list`: one line per attached document. */
export function renderList(result: ListResult): string {
  const head = `${printable(result.artifact)}\n  digest  ${descriptorText(result.subject)}\n\n`
  if (result.items.length === 0) return `${head}nothing attached; ${placesText(result)}\n`
  const rows = result.items.map((item) => [
    item.kind,
    printable(item.format),
    printable(typeOf(item)),
    storeName(item.location.store),
    item.descriptor.digest,
    String(item.descriptor.size),
  ])
  return `${head}${table([["KIND", "FORMAT", "TYPE", "PLACE", "DIGEST", "BYTES"], ...rows])}${problems(result)}`
}

/** Answer of `tree`: places, and under each what lies there. */
export function renderTree(result: ListResult): string {
  const places = new Map<string, AttachedItem[]>()
  for (const item of result.items) {
    const place = `${storeName(item.location.store)} ${item.location.where}`
    places.set(place, [...(places.get(place) ?? []), item])
  }
  const lines = [printable(result.artifact), result.subject.digest]
  const names = [...places.keys()]
  for (const [at, name] of names.entries()) {
    const last = at === names.length - 1
    lines.push(`${last ? "└── " : "├── "}${printable(name)}`)
    const items = places.get(name) ?? []
    for (const [position, item] of items.entries()) {
      const branch = `${last ? "    " : "│   "}${position === items.length - 1 ? "└── " : "├── "}`
      lines.push(`${branch}${printable(itemText(item))}`)
    }
  }
  if (names.length === 0) lines.push(`└── nothing attached; ${placesText(result)}`)
  return `${lines.join("\n")}\n${problems(result)}`
}

/** First line of what is shown without trust. */
export const NOT_VERIFIED: string =
  "not verified: anybody may have written what follows; use `countersign verify` to decide"

/** Answer of `inspect`: decoded contents, each marked as not verified. */
export function renderInspection(result: ListResult, style: Style, width: number): string {
  const head = [
    style.doubt(NOT_VERIFIED),
    ...facts(
      [
        ["artifact", printable(result.artifact)],
        ["digest", descriptorText(result.subject)],
      ],
      0,
      width,
    ),
  ]
  const blocks = result.items.map((item, index) => inspectedItem(item, index, result.items.length, style, width))
  const none = result.items.length === 0 ? ["", `nothing attached; ${placesText(result)}`] : []
  return `${[...head, ...blocks.flat(), ...none].join("\n")}\n${problems(result)}`
}

/** One decoded document, behind an empty line. */
export function inspectedItem(
  item: AttachedItem,
  index: number,
  total: number,
  style: Style,
  width: number,
): readonly string[] {
  const layer = item.location.position === undefined ? "" : `, layer ${item.location.position}`
  const { store, where, reference } = item.location
  const rows: Fact[] = [
    ["lies in", printable([storeName(store), where, `${reference}${layer}`].filter((part) => part !== "").join(" "))],
    ["document", descriptorText({ ...item.descriptor, mediaType: item.mediaType })],
  ]
  if (item.artifactType !== undefined) rows.push(["artifact type", printable(item.artifactType)])
  if (item.predicateType !== undefined) rows.push(["predicate type", printable(item.predicateType)])
  const annotations = Object.entries(item.annotations).map(([name, value]) => printable(`${name}=${shortened(value)}`))
  if (annotations.length > 0) rows.push(["annotations", annotations])
  if (item.error !== undefined) rows.push(["unreadable", printable(`${item.error.message} [${item.error.code}]`)])
  rows.push(...evidenceFacts(item.evidence))
  if (item.content !== undefined) rows.push(["content", claimLines(item.content, CONTENT_LINES)])
  const title = `${item.kind} ${index + 1} of ${total}`
  return [
    "",
    `${style.strong(title)}: ${printable(item.format)} ${style.doubt("(not verified)")}`,
    ...facts(rows, 2, width),
  ]
}

/** Certificates and bundles in annotations are long; the document shows them decoded. */
function shortened(value: string): string {
  return value.length > 200 ? `${value.slice(0, 200)}… (${value.length} characters)` : value
}

function itemText(item: AttachedItem): string {
  const type = typeOf(item)
  const error = item.error === undefined ? "" : `, unreadable [${item.error.code}]`
  return `${item.kind} ${item.format}${type === "" ? "" : ` ${type}`} ${item.descriptor.digest}${error}`
}

function typeOf(item: AttachedItem): string {
  return item.predicateType ?? item.artifactType ?? item.mediaType
}

function placesText(result: ListResult): string {
  if (result.stores.length === 0) return "no place was asked"
  return `looked in ${result.stores.map((store) => `${storeName(store.store)} (${storeOutcome(store)})`).join(", ")}`
}

/** A place that could not be read is said, so that a short list is not taken for a whole one. */
function problems(result: ListResult): string {
  const failed = result.stores.filter((store) => store.outcome === "failed")
  if (failed.length === 0) return ""
  const lines = failed.map((store) => `  ${storeName(store.store)} ${storeOutcome(store)}\n`)
  return `\nincomplete: ${counted(failed.length, "place")} could not be read\n${lines.join("")}`
}
