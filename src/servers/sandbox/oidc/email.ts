/** Whether a text can be the e-mail address of a certificate: printable ASCII, one `@`. */
export function isEmail(text: string): boolean {
  return text.length <= 254 && /^[!-?A-~]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(text)
}
