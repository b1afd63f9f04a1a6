/** The order of affiliations and roles, and the role that comes with an affiliation (XEP-0045 §5). Pure. */
import type { Affiliation, Role } from "./api.ts";

const AFFILIATIONS: readonly Affiliation[] = ["outcast", "none", "member", "admin", "owner"];
const ROLES: readonly Role[] = ["none", "visitor", "participant", "moderator"];

export function isAffiliation(text: string | undefined): text is Affiliation {
  return AFFILIATIONS.includes(text as Affiliation);
}

export function isRole(text: string | undefined): text is Role {
  return ROLES.includes(text as Role);
}

/** Above zero for who has more, below for who has less. */
export function compare(one: Affiliation, other: Affiliation): number {
  return AFFILIATIONS.indexOf(one) - AFFILIATIONS.indexOf(other);
}

/** Whether somebody is at least that. */
export function atLeast(affiliation: Affiliation, least: Affiliation): boolean {
  return compare(affiliation, least) >= 0;
}

/** §5.1.2: the role of somebody who comes in. */
export function firstRole(affiliation: Affiliation, moderated: boolean): Role {
  if (affiliation === "owner" || affiliation === "admin") return "moderator";
  if (affiliation === "member") return "participant";
  return affiliation === "outcast" ? "none" : moderated ? "visitor" : "participant";
}
