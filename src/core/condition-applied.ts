/**
 * Header of an accepted manifest PUT by which our registry says that it checked the request's `If-Match` or
 * `If-None-Match`. Registries that ignore conditions accept such requests too, and a client cannot tell them apart
 * before its first 412; with the header it needs no second look at the tag.
 */
export const CONDITION_APPLIED = "Countersign-Condition-Applied"
