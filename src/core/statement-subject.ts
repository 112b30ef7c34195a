/** One artifact that an in-toto statement is about. */
export interface StatementSubject {
  readonly name?: string
  readonly digest: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}
