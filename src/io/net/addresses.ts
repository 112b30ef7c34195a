import { isIP, isIPv4, isIPv6 } from "node:net"

/**
 * What an IP address or host name reaches. `metadata` are the addresses of cloud instance services, `reserved` what no
 * server on the internet may have.
 */
export type AddressClass =
  "public" | "loopback" | "private" | "link-local" | "unspecified" | "multicast" | "metadata" | "reserved"

const METADATA_NAMES: ReadonlySet<string> = new Set([
  "metadata",
  "metadata.goog",
  "metadata.google.internal",
  "instance-data",
  "instance-data.ec2.internal",
])

const METADATA_ADDRESSES: ReadonlySet<string> = new Set(["169.254.169.254", "100.100.100.200", "168.63.129.16"])

/** Prefix, its length in bits, class; first match wins. RFC 6890 and its registry. */
const V4: readonly (readonly [string, number, AddressClass])[] = [
  ["0.0.0.0", 8, "unspecified"],
  ["10.0.0.0", 8, "private"],
  ["100.64.0.0", 10, "private"],
  ["127.0.0.0", 8, "loopback"],
  ["169.254.0.0", 16, "link-local"],
  ["172.16.0.0", 12, "private"],
  ["192.0.0.0", 24, "reserved"],
  ["192.168.0.0", 16, "private"],
  ["198.18.0.0", 15, "private"],
  ["224.0.0.0", 4, "multicast"],
  ["240.0.0.0", 4, "reserved"],
]

/** Bytes of a textual IPv4 or IPv6 address; `undefined` when it is neither. Zone suffixes are ignored. */
export function addressBytes(text: string): Uint8Array | undefined {
  const address = text.split("%", 1)[0] ?? ""
  if (isIPv4(address)) return Uint8Array.from(address.split("."), Number)
  if (!isIPv6(address)) return undefined
  const tail = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address)
  const hex = tail === null ? address : `${tail[1] ?? ""}${pair(tail[2], tail[3])}:${pair(tail[4], tail[5])}`
  const [head = "", rest] = hex.split("::", 2)
  const left = groups(head)
  const right = rest === undefined ? [] : groups(rest)
  const all = [...left, ...Array<number>(8 - left.length - right.length).fill(0), ...right]
  return Uint8Array.from(all.flatMap((group) => [group >> 8, group & 0xff]))
}

function pair(high: string | undefined, low: string | undefined): string {
  return (Number(high) * 256 + Number(low)).toString(16)
}

function groups(text: string): number[] {
  return text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16))
}

/** Whether `address` lies in `prefix`/`bits`; both as bytes of the same family, otherwise false. */
export function inPrefix(address: Uint8Array, prefix: Uint8Array, bits: number): boolean {
  if (address.length !== prefix.length || bits > prefix.length * 8) return false
  for (let bit = 0; bit < bits; bit += 8) {
    const mask = bits - bit >= 8 ? 0xff : (0xff << (8 - (bits - bit))) & 0xff
    if (((address[bit / 8] ?? 0) & mask) !== ((prefix[bit / 8] ?? 0) & mask)) return false
  }
  return true
}

function classifyV4(bytes: Uint8Array): AddressClass {
  if (METADATA_ADDRESSES.has(bytes.join("."))) return "metadata"
  for (const [prefix, bits, kind] of V4) {
    if (inPrefix(bytes, Uint8Array.from(prefix.split("."), Number), bits)) return kind
  }
  return "public"
}

/** The IPv4 address inside an IPv4-mapped (RFC 4291) or well-known NAT64 (RFC 6052) address. */
function embeddedV4(bytes: Uint8Array): Uint8Array | undefined {
  const mapped = bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff
  const nat64 = inPrefix(bytes, prefix6("64:ff9b::"), 96)
  return mapped || nat64 ? bytes.subarray(12) : undefined
}

function prefix6(text: string): Uint8Array {
  return addressBytes(text) ?? new Uint8Array(16)
}

function classifyV6(bytes: Uint8Array): AddressClass {
  const embedded = embeddedV4(bytes)
  if (embedded !== undefined) return classifyV4(embedded)
  const head = bytes.subarray(0, 15).every((byte) => byte === 0)
  if (head && bytes[15] === 1) return "loopback"
  if (head && bytes[15] === 0) return "unspecified"
  if (inPrefix(bytes, prefix6("fd00:ec2::254"), 128)) return "metadata"
  if (inPrefix(bytes, prefix6("fe80::"), 10)) return "link-local"
  if (inPrefix(bytes, prefix6("fc00::"), 7) || inPrefix(bytes, prefix6("fec0::"), 10)) return "private"
  if (inPrefix(bytes, prefix6("64:ff9b:1::"), 48)) return "private"
  if (inPrefix(bytes, prefix6("ff00::"), 8)) return "multicast"
  // Only 2000::/3 is given out to networks; 6to4 and Teredo inside it carry IPv4 addresses of their own.
  const usable = inPrefix(bytes, prefix6("2000::"), 3)
  const tunnel = inPrefix(bytes, prefix6("2002::"), 16) || inPrefix(bytes, prefix6("2001::"), 32)
  return usable && !tunnel ? "public" : "reserved"
}

/** Class of a textual IP address; anything that is none is `reserved`. */
export function classifyAddress(text: string): AddressClass {
  const bytes = addressBytes(text)
  if (bytes === undefined) return "reserved"
  return bytes.length === 4 ? classifyV4(bytes) : classifyV6(bytes)
}

/**
 * Class of a host as it stands in a parsed URL (so decimal, octal and hexadecimal IPv4 forms are normalised already).
 * A name other than `localhost` and the known metadata names is `public`: its addresses are judged when connecting.
 *
 * @param host - without brackets.
 */
export function classifyHost(host: string): AddressClass {
  if (isIP(host.split("%", 1)[0] ?? "") !== 0) return classifyAddress(host)
  const name = host.toLowerCase().replace(/\.$/, "")
  if (name === "localhost" || name.endsWith(".localhost")) return "loopback"
  return METADATA_NAMES.has(name) ? "metadata" : "public"
}

/** Whether a literal writes an IPv4 address in the clothes of an IPv6 one. */
export function isEmbeddedLiteral(host: string): boolean {
  const bytes = addressBytes(host)
  return bytes?.length === 16 && embeddedV4(bytes) !== undefined
}
