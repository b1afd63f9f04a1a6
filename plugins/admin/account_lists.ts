/** XEP-0133 §4.13 to §4.20: how many accounts there are, are disabled, are online; and which. */
import { buildForm, formShape, formTypeField, type HostScope, Jid, nextTurn } from "#plugin";
import { type Command, defineStage } from "./api.ts";
import { ADMIN_NS, adminNode } from "./service_administration.ts";

type Host = HostScope<unknown>;

interface Kind {
  /** As in the nodes: "registered". */
  readonly word: string;
  /** As people read it: "Registered". */
  readonly title: string;
  /** The local parts. */
  list(host: Host): Iterable<string>;
}

const KINDS: readonly Kind[] = [
  { word: "registered", title: "Registered", list: ({ accounts }) => accounts.list() },
  {
    word: "disabled",
    title: "Disabled",
    *list({ accounts }) {
      for (const local of accounts.list()) if (accounts.isDisabled(local)) yield local;
    },
  },
  { word: "online", title: "Online", list: onlineAccounts },
];

/** Accounts that are looked at before everything else gets its turn. */
const SLICE = 1000;
const USUAL = "100";

const STAGE = {
  form: formShape(ADMIN_NS, {
    max_items: {
      kind: "choice",
      label: "Maximum number of items to show",
      initial: USUAL,
      options: [
        ...["25", "50", "75", "100", "150", "200"].map((value) => ({ value, label: value })),
        { value: "none", label: "None" },
      ],
    },
  }),
};

export function accountLists(host: Host): Command[] {
  return KINDS.flatMap((kind) => [count(host, kind), list(host, kind)]);
}

/** The accounts that have a session. */
export function onlineAccounts(host: Host): Set<string> {
  const accounts = new Set<string>();
  for (const session of host.allSessions()) accounts.add(session.username);
  return accounts;
}

function count(host: Host, kind: Kind): Command {
  const { word, title } = kind;
  return {
    node: adminNode(`get-${word}-users-num`),
    name: `Get Number of ${title} Users`,
    role: "admin",
    async run() {
      let number = 0;
      for (const _ of kind.list(host)) if (++number % SLICE === 0) await nextTurn();
      const field = {
        var: `${word}usersnum`,
        label: `The number of ${word} users`,
        values: [String(number)],
      };
      return { payload: buildForm({ type: "result", fields: [formTypeField(ADMIN_NS), field] }) };
    },
  };
}

function list(host: Host, kind: Kind): Command {
  const { word, title } = kind;
  const stage = defineStage({
    ...STAGE,
    words: {
      title: `Requesting List of ${title} Users`,
      instructions: [`Fill out this form to request the ${word} users of this service.`],
    },
  });
  return {
    node: adminNode(`get-${word}-users-list`),
    name: `Get List of ${title} Users`,
    role: "admin",
    stages: [stage],
    async run(call) {
      const { max_items = USUAL } = call.of(stage);
      const most = max_items === "none" ? Infinity : Number(max_items);
      const values: string[] = [];
      let seen = 0;
      for (const local of kind.list(host)) {
        if (values.length < most) values.push(Jid.of(local, host.domain).toString());
        if (++seen % SLICE === 0) await nextTurn();
      }
      const field = { var: `${word}userjids`, label: `The list of ${word} users`, values };
      return {
        payload: buildForm({ type: "result", fields: [formTypeField(ADMIN_NS), field] }),
        info: seen > values.length ? `There are ${seen}; these are ${values.length} of them.` : undefined,
      };
    },
  };
}
