/** Object identifiers of CMS, ESS and RFC 3161, dotted. */
export const CMS_OID: Readonly<
  Record<"signedData" | "tstInfo" | "contentType" | "messageDigest" | "signingTime" | "signingCertificateV2", string>
> = {
  /** RFC 5652 5.1. */
  signedData: "1.2.840.113549.1.7.2",
  /** RFC 3161 2.4.2. */
  tstInfo: "1.2.840.113549.1.9.16.1.4",
  /** RFC 5652 11.1 to 11.3. */
  contentType: "1.2.840.113549.1.9.3",
  messageDigest: "1.2.840.113549.1.9.4",
  signingTime: "1.2.840.113549.1.9.5",
  /** RFC 5035 section 3. */
  signingCertificateV2: "1.2.840.113549.1.9.16.2.47",
}
