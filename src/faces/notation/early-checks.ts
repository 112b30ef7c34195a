/** Values of flags that notation refuses before cobra's own rules come, each with notation's own sentence. */
import type { EarlyCheck } from "./face-command.ts"

/** `blob sign` */
export const blobSignFlags: EarlyCheck = (flags) => {
  const empty = (name: string): boolean => flags.given(name) && flags.string(name) === ""
  if (empty("signature-directory")) return "signature directory cannot be empty"
  if (empty("timestamp-url")) return "timestamping: tsa url cannot be empty"
  return empty("timestamp-root-cert") ? "timestamping: tsa root certificate path cannot be empty" : undefined
}

/** `blob verify` */
export const blobVerifyFlags: EarlyCheck = (flags) => {
  if (flags.string("signature") === "") return "filepath of the signature cannot be empty"
  const empty = flags.given("media-type") && flags.string("media-type") === ""
  return empty ? "--media-type is set but with empty value" : undefined
}
