/**
 * Paths are brought into one form before anything looks at them, so that routing and authorisation can never read them
 * differently.
 */

/** The only characters a path of this API needs; `%3A` is the one escape clients use, for the colon of a digest. */
const PLAIN = /^[A-Za-z0-9._/:@+=~,-]*$/

/**
 * The path as routes and rules see it: escapes of `:` undone once.
 *
 * @param path - path of a request target, still encoded.
 * @returns undefined when the path has empty or dot segments, any other escape, a slash at the end where no endpoint has
 *   one, or characters no name can have.
 */
export function normalPath(path: string): string | undefined {
  const plain = path.replaceAll(/%3a/gi, ":")
  if (plain.length > 3 && plain.endsWith("/") && plain !== "/v2/" && !plain.endsWith("/blobs/uploads/"))
    return undefined
  if (!plain.startsWith("/") || !PLAIN.test(plain) || plain.includes("//")) return undefined
  return plain.split("/").some((segment) => segment === "." || segment === "..") ? undefined : plain
}

/** The path of an absolute URL, not decoded. */
export function pathOfUrl(url: string): string {
  const start = url.indexOf("/", url.indexOf("://") + 3)
  if (start < 0) return "/"
  const end = url.slice(start).search(/[?#]/)
  return end < 0 ? url.slice(start) : url.slice(start, start + end)
}
