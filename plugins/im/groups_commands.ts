/** Shared groups for administrators: see all, make and change those that are not of the file, delete them (XEP-0050). */
import { buildForm, formShape, type HostScope, StanzaError } from "#plugin";
import { type Call, type Command, defineStage } from "../admin/api.ts";
import { faultText, parseMembers, writeMembers } from "./groups_file.ts";
import type { Groups } from "./groups_state.ts";

const NS = "http://metronome.im/protocol/groups";
/** The longest name a group may have: clients get it with every member. */
const LONGEST = 255;

export function groupCommands(host: HostScope<unknown>, groups: Groups): Command[] {
  return [list(groups), edit(host, groups), remove(groups)];
}

function list(groups: Groups): Command {
  return {
    node: `${NS}#list`,
    name: "List Shared Groups",
    role: "admin",
    run() {
      const payload = buildForm({
        type: "result",
        title: "Shared groups",
        fields: [],
        reported: [
          { var: "name", label: "Group", values: [] },
          { var: "everybody", label: "Seen by everybody", values: [] },
          { var: "members", label: "Members", values: [] },
          { var: "source", label: "Kept in", values: [] },
        ],
        items: groups.all.map(({ name, everybody, members }) => [
          { var: "name", values: [name] },
          { var: "everybody", values: [everybody ? "1" : "0"] },
          { var: "members", values: [String(members.length)] },
          { var: "source", values: [groups.isInFile(name) ? "file" : "database"] },
        ]),
      });
      return { payload };
    },
  };
}

function edit(host: HostScope<unknown>, groups: Groups): Command {
  const which = defineStage({
    form: formShape(NS, {
      group: {
        kind: "text",
        label: "The group's name; a new one makes a group",
        required: true,
        longest: LONGEST,
      },
    }),
    words: { title: "Which group?" },
    check({ group }) {
      if (groups.isInFile(group)) return `"${group}" is in the file of groups and must be changed there`;
      return /^[+[\s]|\s$/.test(group) ? "a name begins with neither + nor [, nor with a blank" : undefined;
    },
  });
  const known = (call: Call) => groups.stored.find(({ name }) => name === call.of(which).group);
  const what = defineStage({
    form: formShape(NS, {
      everybody: { kind: "boolean", label: "Everybody on this host sees the members" },
      members: {
        kind: "lines",
        label: "Members",
        desc: `One a line: juliet@${host.domain}=Juliet, or the address alone.`,
      },
    }),
    words: (call) => ({ title: `The group "${call.of(which).group}"` }),
    values(call) {
      const group = known(call);
      return { everybody: group?.everybody ?? false, members: writeMembers(group?.members ?? []) };
    },
    check({ members = "" }) {
      const { faults } = parseMembers(members);
      return faults.length === 0 ? undefined : faults.slice(0, 5).map(faultText).join("; ");
    },
  });
  return {
    node: `${NS}#edit`,
    name: "Edit a Shared Group",
    role: "admin",
    stages: [which, what],
    async run(call) {
      const name = call.of(which).group;
      const before = known(call);
      const { everybody = before?.everybody ?? false, members } = call.of(what);
      const list = members === undefined ? before?.members ?? [] : parseMembers(members).members;
      await groups.put(name, { name, everybody, members: list });
      return { info: `"${name}" has ${list.length === 1 ? "1 member" : `${list.length} members`}.` };
    },
  };
}

function remove(groups: Groups): Command {
  const which = defineStage({
    form: () =>
      formShape(NS, {
        group: {
          kind: "choice",
          label: "Group",
          required: true,
          options: groups.stored.map(({ name }) => ({ value: name })),
        },
      }),
    words: {
      instructions: [
        "Its members lose each other as contacts, where they have no subscription of their own.",
      ],
    },
  });
  return {
    node: `${NS}#delete`,
    name: "Delete a Shared Group",
    role: "admin",
    stages: [which],
    async run(call) {
      const name = call.of(which).group;
      if (!groups.stored.some((group) => group.name === name)) {
        throw new StanzaError("item-not-found", "there is no such group");
      }
      await groups.put(name, undefined);
      return { info: `"${name}" has been deleted.` };
    },
  };
}
