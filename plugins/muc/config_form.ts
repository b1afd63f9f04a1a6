/** The configuration form (XEP-0045 §10.1.3, §10.2): made of all fields that plugins have added, read back in part. */
import { type Element, type Form, FormShape, Jid, StanzaError } from "#plugin";
import type { Room } from "./api.ts";
import type { House } from "./house.ts";
import { CONFIG_NS } from "./names.ts";
import { ADMINS, OWNERS, PASSWORD, PRESET, PRESETS, PROTECTED } from "./standard_fields.ts";

function shapeOf(house: House) {
  const fields = [...house.additions.fields()].map(({ field }) => [field.name, field.shape] as const);
  return new FormShape(CONFIG_NS, Object.fromEntries(fields));
}

export function configForm(house: House, room: Room): Element {
  const values: Record<string, unknown> = {};
  for (const { field } of house.additions.fields()) values[field.name] = room.value(field);
  values[PRESET.name] = "";
  values[PROTECTED.name] = room.value(PASSWORD) !== "";
  values[ADMINS.name] = jidsOf(room, "admin");
  values[OWNERS.name] = jidsOf(room, "owner");
  return shapeOf(house).form(values as never, {
    title: `Configuration of ${room.jid}`,
    instructions: ["What is left out stays as it is."],
  });
}

function jidsOf(room: Room, affiliation: "admin" | "owner"): Jid[] {
  return [...room.standings(affiliation)].map(([jid]) => jid);
}

export interface Submission {
  /** The fields that were mentioned, and what follows from them, by name. */
  readonly values: ReadonlyMap<string, unknown>;
  /** Whom the form wants to have an affiliation; undefined where it does not say. */
  readonly owners: readonly Jid[] | undefined;
  readonly admins: readonly Jid[] | undefined;
}

/** What was submitted: a form changes only what it mentions. Throws the error for what cannot be. */
export function readConfig(house: House, room: Room, form: Form): Submission {
  const read = shapeOf(house).read(form);
  if ("problems" in read) {
    throw new StanzaError("bad-request", read.problems.map(({ text }) => text).join("; "), {
      type: "cancel",
    });
  }
  const given = read.values as Record<string, unknown>;
  const values = new Map<string, unknown>();
  const preset = given[PRESET.name] as keyof typeof PRESETS | "" | undefined;
  if (preset !== undefined && preset !== "") {
    for (const [name, value] of Object.entries(PRESETS[preset])) values.set(name, value);
    leaveToPreset(house, room, given, [...values.keys()]);
  }
  for (const [name, value] of Object.entries(given)) values.set(name, value);
  protect(room, values);
  const owners = given[OWNERS.name] as readonly Jid[] | undefined;
  const admins = given[ADMINS.name] as readonly Jid[] | undefined;
  for (const { name } of [PRESET, PROTECTED, OWNERS, ADMINS]) values.delete(name);
  return { values, owners, admins };
}

/**
 * Clients send back the whole form (XEP-0004 §3.2): what they have left in it as it was does not speak against the preset.
 * A form that mentions only some of these fields means what it says.
 */
function leaveToPreset(
  house: House,
  room: Room,
  given: Record<string, unknown>,
  names: readonly string[],
): void {
  if (!names.every((name) => Object.hasOwn(given, name))) return;
  for (const { field } of house.additions.fields()) {
    const { name } = field;
    if (!names.includes(name)) continue;
    if (JSON.stringify(given[name]) === JSON.stringify(room.value(field))) delete given[name];
  }
}

/** §10.1.3: protected by a password means that there is one. */
function protect(room: Room, values: Map<string, unknown>): void {
  const wanted = values.get(PROTECTED.name);
  const password = values.get(PASSWORD.name) ?? room.value(PASSWORD);
  if (wanted === false) {
    // Some clients send the old password back with the box unticked; others send a new one and know no box.
    values.set(PASSWORD.name, "");
  } else if (wanted === true && password === "") {
    throw new StanzaError("not-acceptable", "a room that is protected by a password needs one");
  }
}
