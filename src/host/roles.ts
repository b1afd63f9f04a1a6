/** Who may do what: five roles in one order, asked through `may` and nothing else. */

/**
 * guest: anybody who is not an account here, or a temporary one. limited: an account that is kept from commands for members;
 * from nothing else so far. member: an account. admin: of one host. operator: of the whole server.
 */
export const ROLES = ["guest", "limited", "member", "admin", "operator"] as const;
export type Role = typeof ROLES[number];

/** Whether a role includes another. */
export function includes(role: Role, asked: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(asked);
}
