/** Commands of cosign that are not part of this release, and what there is instead. Spec: cosign 2.5, 3.1 `--help`. */
export const absentCommands: ReadonlyMap<string, string> = new Map([
  ["attach", "`cosign sign` and `cosign attest` attach what they make"],
  ["copy", "`cosign save --dir DIR IMAGE`, then `cosign load --dir DIR OTHER-IMAGE`"],
  ["debug", "`countersign version` prints what runs"],
  ["dockerfile", "verify each image that the file names with `cosign verify`"],
  ["download", "`countersign inspect --output json IMAGE` prints what is attached to an image"],
  ["manifest", "verify each image that the file names with `cosign verify`"],
  ["piv-tool", "hardware tokens are not supported: sign and verify with `--key`"],
  ["pkcs11-tool", "hardware tokens are not supported: sign and verify with `--key`"],
  ["upload", "`countersign push` pushes files as an artifact"],
])
