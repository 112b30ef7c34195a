import { equalOrAbsent } from "../../codec/equal-bytes.ts"
import { goJson, type GoJsonMap, type GoJsonValue, sortedKeys } from "../../codec/go-json.ts"
import { expectArray, expectObject, expectString, member, stringRecord } from "../../codec/json-shape.ts"
import { refuseLookalikes } from "../../codec/oci/descriptor.ts"
import { encodeUtf8 } from "../../codec/utf8.ts"
import type { JsonObject, JsonValue } from "../../core/json-value.ts"
import type { SigningKeyEntry, SigningKeyList } from "../../core/notation-home.ts"
import { checkedConfig, configInvalid, parseConfigObject, readConfigBytes } from "./config-file.ts"
import type { HomeContext } from "./home-context.ts"
import { configPath, withHomeLock } from "./home-files.ts"

const NAME = "signingkeys.json"
const MEMBERS = ["default", "keys"]
const ENTRY_MEMBERS = ["name", "keyPath", "certPath", "id", "pluginName", "pluginConfig"]

/** The file as it is. */
interface KeyFile {
  readonly list: SigningKeyList
  readonly object: JsonObject
  readonly bytes: Uint8Array | undefined
}

/**
 * `signingkeys.json`; a missing file is an empty list.
 *
 * SECURITY: names in another case are refused. notation takes the last of both, and would sign with another key.
 *
 * @throws {ToolError} `E_CONFIG_INVALID` with notation's text, `E_IO`.
 *
 * Spec: notation-go `config/keys.go`.
 */
export async function readKeys(context: HomeContext): Promise<SigningKeyList> {
  return (await readKeyFile(configPath(context, NAME))).list
}

/**
 * Change `signingkeys.json` so that nobody's entry is lost: read and written under a lock, and once more when it changed in
 * between. Members that this program does not know are kept.
 *
 * @param change - may be called again; nothing is written when it throws.
 * @throws {ToolError} `E_CONFIG_INVALID`, `E_STORAGE_LOCKED`, `E_IO`.
 */
export async function changeKeys(
  context: HomeContext,
  change: (keys: SigningKeyList) => SigningKeyList,
): Promise<SigningKeyList> {
  const path = configPath(context, NAME)
  return withHomeLock(context, path, async (lock) => {
    const file = await readKeyFile(path)
    const list = change(file.list)
    checkKeys(list, path)
    const text = `${goJson(keyFileOf(list, file), { indent: "    " })}\n`
    // COMPAT(notation 1.3): it takes no lock.
    const unchanged = async (): Promise<boolean> => equalOrAbsent(await readConfigBytes(path), file.bytes)
    await lock.replace(path, encodeUtf8(text, NAME), 0o600, unchanged)
    return list
  })
}

async function readKeyFile(path: string): Promise<KeyFile> {
  const bytes = await readConfigBytes(path)
  if (bytes === undefined) return { list: { keys: [] }, object: {}, bytes }
  const object = parseConfigObject(bytes, path, NAME)
  const list = checkedConfig(path, NAME, () => {
    refuseLookalikes(object, NAME, MEMBERS)
    const entries = expectArray(member(object, "keys") ?? [], "keys").map(readEntry)
    const chosen = member(object, "default") ?? undefined
    return { keys: entries, ...(chosen === undefined ? {} : { default: expectString(chosen, "default") }) }
  })
  checkKeys(list, path)
  return { list, object, bytes }
}

function readEntry(value: JsonValue, index: number): SigningKeyEntry {
  const at = `keys[${index}]`
  const object = expectObject(value, at)
  refuseLookalikes(object, at, ENTRY_MEMBERS)
  const text = (key: string): string => expectString(member(object, key) ?? "", `${at}.${key}`)
  const name = text("name")
  // COMPAT(notation 1.3): an entry with both halves is a local key.
  if (text("keyPath") !== "") return { name, keyPath: text("keyPath"), certPath: text("certPath") }
  const pluginConfig = stringRecord(member(object, "pluginConfig") ?? {}, `${at}.pluginConfig`)
  return {
    name,
    id: text("id"),
    pluginName: text("pluginName"),
    ...(Object.keys(pluginConfig).length === 0 ? {} : { pluginConfig }),
  }
}

/** Rules of notation, with its texts. */
function checkKeys(list: SigningKeyList, path: string): void {
  const names = new Set<string>()
  const refuse = (text: string): Error => configInvalid(`malformed ${NAME}: ${text}`, path, `checked ${path}`)
  for (const { name } of list.keys) {
    if (name === "") throw refuse("key name cannot be empty")
    if (names.has(name)) throw refuse(`multiple keys with name '${name}' found`)
    names.add(name)
  }
  if (list.default === undefined) return
  if (list.default === "") throw refuse("default key name cannot be empty")
  if (!names.has(list.default)) throw refuse(`default key '${list.default}' not found`)
}

/** The file's new content: members in notation's order, then those it does not know. */
function keyFileOf(list: SigningKeyList, file: KeyFile): GoJsonMap {
  const result = new Map<string, GoJsonValue>()
  if (list.default !== undefined) result.set("default", list.default)
  result.set(
    "keys",
    list.keys.map((entry) => entryOf(entry, file)),
  )
  for (const [key, value] of Object.entries(file.object)) {
    if (!MEMBERS.includes(key)) result.set(key, value)
  }
  return result
}

function entryOf(entry: SigningKeyEntry, file: KeyFile): GoJsonValue {
  const index = file.list.keys.findIndex(({ name }) => name === entry.name)
  const raw = expectArray(member(file.object, "keys") ?? [], "keys")[index]
  const before = file.list.keys[index]
  if (raw === undefined || before === undefined) return knownMembers(entry)
  if (goJson(knownMembers(before)) === goJson(knownMembers(entry))) return raw
  const result = new Map(knownMembers(entry))
  for (const [key, value] of Object.entries(expectObject(raw, "keys"))) {
    if (!ENTRY_MEMBERS.includes(key)) result.set(key, value)
  }
  return result
}

function knownMembers(entry: SigningKeyEntry): GoJsonMap {
  const result = new Map<string, GoJsonValue>([["name", entry.name]])
  const add = (key: string, value: string): void => {
    if (value !== "") result.set(key, value)
  }
  if ("keyPath" in entry) {
    add("keyPath", entry.keyPath)
    add("certPath", entry.certPath)
    return result
  }
  add("id", entry.id)
  add("pluginName", entry.pluginName)
  const config = sortedKeys(entry.pluginConfig ?? {})
  if (config.size > 0) result.set("pluginConfig", config)
  return result
}
