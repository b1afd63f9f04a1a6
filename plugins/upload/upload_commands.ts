/** What people and admins can do with files that were uploaded (XEP-0050): see them, delete some, delete all of an account. */
import { buildForm, formatDateTime, formShape, type HostScope, Jid, StanzaError } from "#plugin";
import { type Call, type Command, defineStage } from "../admin/api.ts";
import type { Desk } from "./desk.ts";
import type { Keeper } from "./keeper.ts";
import type { UploadOptions } from "./options.ts";
import type { StoredFile } from "./store.ts";

const NS = "http://metronome.im/protocol/upload";
/** Files that are shown at a time, the newest. */
const SHOWN = 200;

/** `fromParent`: who has files here though their accounts are another host's, where they have no role. */
export function uploadCommands(
  host: HostScope<UploadOptions>,
  desk: Desk,
  keeper: Keeper,
  fromParent: (who: Jid) => boolean,
): Command[] {
  const forUploaders = [list(desk, keeper), remove(desk, keeper), purge(desk)];
  return [...forUploaders.map((command) => ({ ...command, also: fromParent })), purgeAccount(host, desk)];
}

function mine(desk: Desk, { from }: Call): StoredFile[] {
  return [...desk.store.of(from.bare.toString())].filter(({ here }) => here).slice(-SHOWN).reverse();
}

function list(desk: Desk, keeper: Keeper): Command {
  return {
    node: `${NS}#list`,
    name: "List My Uploaded Files",
    role: "member",
    run(call) {
      const payload = buildForm({
        type: "result",
        title: "Your files",
        fields: [],
        reported: [
          { var: "name", label: "File", values: [] },
          { var: "size", label: "Bytes", values: [] },
          { var: "until", label: "Kept until", values: [] },
          { var: "url", label: "Address", values: [] },
        ],
        items: mine(desk, call).map((file) => [
          { var: "name", values: [file.name] },
          { var: "size", values: [String(file.size)] },
          { var: "until", values: [file.until === Infinity ? "for ever" : formatDateTime(file.until)] },
          { var: "url", values: [keeper.addresses(file, Infinity).get] },
        ]),
      });
      return { payload };
    },
  };
}

function remove(desk: Desk, keeper: Keeper): Command {
  const which = defineStage({
    form: (call) =>
      formShape(NS, {
        files: {
          kind: "choices",
          label: "Files to delete",
          required: true,
          options: mine(desk, call).map((file) => ({
            value: file.id,
            label: `${file.name} (${keeper.addresses(file, Infinity).get})`,
          })),
        },
      }),
    words: { title: "Which files?" },
  });
  return {
    node: `${NS}#delete`,
    name: "Delete Some of My Uploaded Files",
    role: "member",
    stages: [which],
    run(call) {
      const ids = new Set(call.of(which).files);
      const files = mine(desk, call).filter(({ id }) => ids.has(id));
      desk.remove(files);
      return { info: `${files.length} deleted` };
    },
  };
}

function purge(desk: Desk): Command {
  const sure = defineStage({
    form: formShape(NS, {
      sure: { kind: "boolean", label: "Delete all files that I have uploaded", required: true },
    }),
  });
  return {
    node: `${NS}#purge`,
    name: "Delete All My Uploaded Files",
    role: "member",
    stages: [sure],
    run(call) {
      if (!call.of(sure).sure) return { info: "nothing was deleted" };
      return { info: `${desk.purge(call.from.bare.toString())} deleted` };
    },
  };
}

function purgeAccount(host: HostScope<UploadOptions>, desk: Desk): Command {
  const whose = defineStage({
    form: formShape(NS, { account: { kind: "jid", label: "Whose files", required: true } }),
    check({ account }) {
      const domain = Jid.tryParse(String(account))?.domain;
      return domain === host.domain || domain === host.parent ? undefined : "that is nobody of this host";
    },
  });
  return {
    node: `${NS}#purge-account`,
    name: "Delete All Uploaded Files of an Account",
    role: "admin",
    stages: [whose],
    run(call) {
      const account = Jid.tryParse(String(call.of(whose).account));
      if (account === undefined) throw new StanzaError("bad-request");
      return { info: `${desk.purge(account.bare.toString())} deleted` };
    },
  };
}
