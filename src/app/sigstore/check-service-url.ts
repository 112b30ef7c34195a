import { ToolError } from "../../core/errors.ts"

/**
 * Refuse a URL of a service that holds credentials: what is planned is shown to people and in the logs of CI jobs, URLs
 * with it.
 *
 * @param service - in words.
 * @throws {ToolError} `E_USAGE`, which does not repeat the URL.
 */
export function checkServiceUrl(url: string, service: string): void {
  const parsed = URL.parse(url)
  if (parsed === null || (parsed.username === "" && parsed.password === "")) return
  throw new ToolError("E_USAGE", {
    what: `the URL of the ${service} holds a user name or a password`,
    why: "URLs are written to logs and shown in messages; expected one without credentials",
    next: ["leave out what stands before the `@`"],
  })
}
