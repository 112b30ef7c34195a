/**
 * YAML for policies and configuration. Users import this file lazily, because the `yaml` package costs start-up time.
 */
import { Composer, type CST, Document, isAlias, LineCounter, Parser, visit } from "yaml"
import type { JsonValue } from "../core/json-value.ts"
import { limits } from "../core/limits.ts"
import { malformed, tooLarge } from "./malformed.ts"
import { decodeUtf8, encodeUtf8 } from "./utf8.ts"

/** Bounds of {@link parseYaml}. */
export interface YamlOptions {
  /** Most bytes of UTF-8. Default `limits.configFileBytes`. */
  readonly maxBytes?: number
  /** Most nested collections. Default `limits.yamlDepth`. */
  readonly maxDepth?: number
  /** Name of the document for errors. */
  readonly what: string
}

/** Deepest nesting of collections, found without recursion: the composer recurses and must not see hostile depth. */
function depthOf(tokens: readonly CST.Token[]): number {
  let deepest = 0
  const stack: [CST.Token | null | undefined, number][] = tokens.map((token) => [token, 0])
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    const [token, depth] = top
    if (token === null || token === undefined) continue
    if ("items" in token) deepest = Math.max(deepest, depth + 1)
    if (token.type === "document") stack.push([token.value, depth])
    if ("items" in token) for (const item of token.items) stack.push([item.key, depth + 1], [item.value, depth + 1])
  }
  return deepest
}

function fromYaml(value: unknown, what: string): JsonValue {
  if (value === null || typeof value === "boolean" || typeof value === "string") return value
  if (typeof value === "bigint") {
    const number = Number(value)
    return Number.isSafeInteger(number) ? number : value
  }
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw malformed(what, `${value} is no JSON number`)
    return value
  }
  if (Array.isArray(value)) return value.map((item) => fromYaml(item, what))
  if (!(value instanceof Map)) throw malformed(what, "a value of a type JSON does not have")
  const object = Object.create(null) as Record<string, JsonValue>
  for (const [key, item] of value) {
    if (typeof key !== "string") throw malformed(what, `a mapping key of type ${typeof key}, expected a string`)
    object[key] = fromYaml(item, what)
  }
  return object
}

/**
 * Read one YAML 1.2 document of the core schema. Aliases, custom tags, duplicate keys, keys that are no strings and
 * further documents are refused.
 *
 * @param input - untrusted.
 * @throws {ToolError} `E_FORMAT_MALFORMED` with line and column; `E_LIMIT_EXCEEDED`.
 *
 * Spec: YAML 1.2.2 section 10.3.
 */
export function parseYaml(input: Uint8Array | string, options: YamlOptions): JsonValue {
  const { what } = options
  const maxBytes = options.maxBytes ?? limits.configFileBytes
  const maxDepth = options.maxDepth ?? limits.yamlDepth
  const size = typeof input === "string" ? encodeUtf8(input, what).length : input.length
  if (size > maxBytes) throw tooLarge(what, size, maxBytes, "bytes")
  const text = typeof input === "string" ? input : decodeUtf8(input, what)
  const lines = new LineCounter()
  const tokens = [...new Parser(lines.addNewLine).parse(text)]
  const depth = depthOf(tokens)
  if (depth > maxDepth) throw tooLarge(what, depth, maxDepth, "nested levels")
  const composer = new Composer({ version: "1.2", schema: "core", uniqueKeys: true, intAsBigInt: true, merge: false })
  const documents = [...composer.compose(tokens, true, text.length)]
  const position = (offset: number): string => {
    const { line, col } = lines.linePos(offset)
    return `line ${line}, column ${col}`
  }
  const [document] = documents
  const problem = documents.flatMap((item) => [...item.errors, ...item.warnings])[0]
  if (problem !== undefined) throw malformed(what, `${position(problem.pos[0])}: ${problem.message}`)
  if (documents.length !== 1 || document === undefined) {
    throw malformed(what, `saw ${documents.length} YAML documents, expected 1`)
  }
  visit(document, (_, node) => {
    if (isAlias(node)) throw malformed(what, `${position(node.range?.[0] ?? 0)}: aliases are not accepted`)
  })
  return fromYaml(document.toJS({ mapAsMap: true, maxAliasCount: 0 }), what)
}

/** Print a JSON value as YAML with two blanks per level, without anchors, ending in a newline. */
export function writeYaml(value: JsonValue): string {
  const document = new Document(value, { version: "1.2", aliasDuplicateObjects: false })
  return document.toString({ lineWidth: 0 })
}
