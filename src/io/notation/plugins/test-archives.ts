/** Archives as nobody's tool would write them. */
import { crc32, deflateRawSync } from "node:zlib"

const encoder = new TextEncoder()

/** An entry of a tar; what is absent is as in a plain file. */
export interface TarEntry {
  readonly name: string
  readonly content?: string | Uint8Array
  readonly type?: string
  readonly mode?: number
  readonly link?: string
  /** Text of the size field. */
  readonly size?: string
}

/** A tar, header by header. */
export function tarOf(entries: readonly TarEntry[], end: Uint8Array = new Uint8Array(1024)): Uint8Array {
  return Buffer.concat([...entries.flatMap(tarEntry), end])
}

function tarEntry(entry: TarEntry): Uint8Array[] {
  const content = bytesOf(entry.content ?? "")
  const header = Buffer.alloc(512)
  const put = (text: string, at: number): void => {
    header.write(text, at, "latin1")
  }
  header.write(entry.name, 0, "utf8")
  put(`${(entry.mode ?? 0o644).toString(8).padStart(7, "0")}\0`, 100)
  put("0000000\0".repeat(2), 108)
  put(entry.size ?? `${content.length.toString(8).padStart(11, "0")}\0`, 124)
  put("00000000000\0", 136)
  put(entry.type ?? "0", 156)
  put(entry.link ?? "", 157)
  put("ustar\x0000", 257)
  header.fill(" ", 148, 156)
  const sum = header.reduce((total, byte) => total + byte, 0)
  put(`${sum.toString(8).padStart(6, "0")}\0 `, 148)
  return [header, content, new Uint8Array(-content.length & 511)]
}

/** Content of an extended header. */
export function paxOf(records: Readonly<Record<string, string>>): string {
  return Object.entries(records)
    .map(([key, value]) => {
      const rest = ` ${key}=${value}\n`
      let length = rest.length
      while (`${length}${rest}`.length !== length) length++
      return `${length}${rest}`
    })
    .join("")
}

/** An entry of a zip; what is absent is as in a plain file made on Unix. */
export interface ZipEntry {
  readonly name: string
  readonly content?: string | Uint8Array
  /** With the type, as in Unix. */
  readonly mode?: number
  /** What the archive says of the size. */
  readonly size?: number
  readonly crc?: number
  readonly flags?: number
  /** System that made it; 3 is Unix. */
  readonly system?: number
}

/** A zip, record by record. */
export function zipOf(entries: readonly ZipEntry[]): Uint8Array {
  const parts: Uint8Array[] = []
  const directory: Uint8Array[] = []
  let at = 0
  for (const entry of entries) {
    const name = encoder.encode(entry.name)
    const content = bytesOf(entry.content ?? "")
    const packed = deflateRawSync(content)
    const common = Buffer.alloc(26)
    common.writeUInt16LE(20, 0)
    common.writeUInt16LE(entry.flags ?? 0x800, 2)
    common.writeUInt16LE(8, 4)
    common.writeUInt32LE(entry.crc ?? crc32(content), 10)
    common.writeUInt32LE(packed.length, 14)
    common.writeUInt32LE(entry.size ?? content.length, 18)
    common.writeUInt16LE(name.length, 22)
    const local = Buffer.concat([Buffer.from("PK\x03\x04", "latin1"), common, name, packed])
    const tail = Buffer.alloc(14)
    tail.writeUInt32LE(((entry.mode ?? 0o100644) << 16) >>> 0, 6)
    tail.writeUInt32LE(at, 10)
    const made = Buffer.from([20, entry.system ?? 3])
    directory.push(Buffer.concat([Buffer.from("PK\x01\x02", "latin1"), made, common, tail, name]))
    parts.push(local)
    at += local.length
  }
  const central = Buffer.concat(directory)
  const end = Buffer.alloc(22)
  end.write("PK\x05\x06", "latin1")
  end.writeUInt16LE(entries.length, 8)
  end.writeUInt16LE(entries.length, 10)
  end.writeUInt32LE(central.length, 12)
  end.writeUInt32LE(at, 16)
  return Buffer.concat([...parts, central, end])
}

function bytesOf(content: string | Uint8Array): Uint8Array {
  return typeof content === "string" ? encoder.encode(content) : content
}
