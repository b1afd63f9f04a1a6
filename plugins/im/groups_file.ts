/**
 * The file of shared groups: `[Name]` begins a group, `[+Name]` one that everybody on the host sees, and each line under it
 * is a member: `romeo@example.org=Romeo`, or the address alone. Lines that begin with `#` or `;` are comments. What comes
 * before the first name belongs to the group "default". Admins write the members of a group in the same way.
 */
import { Jid } from "#plugin";
import type { Group, Member } from "./groups_book.ts";

/** A line that makes no sense, and why. */
export interface Fault {
  readonly line: number;
  readonly text: string;
}

const DEFAULT = "default";

/** Reads a whole file. Groups of the same name are one. */
export function parseGroups(text: string): { groups: Group[]; faults: Fault[] } {
  const groups = new Map<string, { everybody: boolean; members: Map<string, Member> }>();
  const faults: Fault[] = [];
  let current = DEFAULT;
  lines(text, (line, number) => {
    if (line.startsWith("[")) {
      const title = /^\[\s*(\+?)\s*([^\]]*?)\s*\]$/.exec(line);
      if (title === null || title[2] === "") {
        faults.push({
          line: number,
          text: `"${line.slice(0, 80)}" is no name of a group, such as [Friends]`,
        });
        return;
      }
      current = title[2]!;
      const group = groups.get(current);
      if (group === undefined) groups.set(current, { everybody: title[1] === "+", members: new Map() });
      else group.everybody ||= title[1] === "+";
      return;
    }
    const member = parseMember(line);
    if (typeof member === "string") {
      faults.push({ line: number, text: member });
      return;
    }
    let group = groups.get(current);
    if (group === undefined) groups.set(current, group = { everybody: false, members: new Map() });
    group.members.set(member.jid.toString(), member);
  });
  return {
    groups: [...groups].map(([name, { everybody, members }]) => ({
      name,
      everybody,
      members: [...members.values()],
    })),
    faults,
  };
}

/** Reads the members of one group. */
export function parseMembers(text: string): { members: Member[]; faults: Fault[] } {
  const members = new Map<string, Member>();
  const faults: Fault[] = [];
  lines(text, (line, number) => {
    const member = parseMember(line);
    if (typeof member === "string") faults.push({ line: number, text: member });
    else members.set(member.jid.toString(), member);
  });
  return { members: [...members.values()], faults };
}

/** As `parseMembers` reads it. */
export function writeMembers(members: readonly Member[]): string {
  return members.map(({ jid, name }) => name === undefined ? String(jid) : `${jid}=${name}`).join("\n");
}

export function faultText({ line, text }: Fault): string {
  return `line ${line}: ${text}`;
}

function lines(text: string, each: (line: string, number: number) => void): void {
  text.split("\n").forEach((raw, at) => {
    const line = raw.trim();
    if (line !== "" && !line.startsWith("#") && !line.startsWith(";")) each(line, at + 1);
  });
}

function parseMember(line: string): Member | string {
  const [address = "", ...rest] = line.split("=");
  const jid = Jid.tryParse(address.trim());
  if (jid === undefined) return `"${address.trim().slice(0, 80)}" is no address such as romeo@example.org`;
  const name = rest.join("=").trim();
  return { jid: jid.bare, name: name === "" ? undefined : name };
}
