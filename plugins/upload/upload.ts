/**
 * XEP-0363: HTTP File Upload 1.2. Clients ask for a place, put the file there over HTTP and send its address. Files are
 * kept by what they are for, under quotas; what is over goes. Serves accounts of its host, and of its parent where it has a
 * host of its own; guests without an account may not upload.
 */
import {
  buildForm,
  credentials,
  decodeBase64,
  definePlugin,
  defineSlot,
  el,
  type Element,
  encodeBase64,
  type HostScope,
  type Jid,
  keyval,
  type Query,
  StanzaError,
} from "#plugin";
import { commands } from "../admin/api.ts";
import { uploads } from "./api.ts";
import { Desk } from "./desk.ts";
import { filesApp } from "./files_app.ts";
import { Folder } from "./folder.ts";
import { ForeignKeeper, type Keeper, OwnKeeper } from "./keeper.ts";
import { PURPOSES, type UploadOptions, uploadOptions } from "./options.ts";
import { NS, OLD_NS, PURPOSE_NS, readSlotRequest } from "./slot_request.ts";
import { UploadStore } from "./store.ts";
import { Tokens } from "./tokens.ts";
import { uploadCommands } from "./upload_commands.ts";

const SWEEP_MS = 60_000;

/** The ids of files that are being sent now, also to what was there before a reload. */
const arrivals = defineSlot<Set<string>>("upload.arrivals");
const secrets = keyval<string>("upload.secret");

export const upload = definePlugin({
  name: "upload",
  doc: "Keeps files that people share, and gives them out over HTTP.",
  xeps: [[363, "1.2.0"]],
  config: uploadOptions,
  hosts: ["user", "component"],
  owns: true,
  provides: [uploads],
  wants: [commands],
  setup(host) {
    // Hosts may be told the same folder.
    const folder = new Folder(`${host.config.folder ?? `${host.data}/upload`}/${host.domain}`);
    const tokens = new Tokens(secretOf(host));
    const { external } = host.config;
    const keeper = external === undefined
      ? new OwnKeeper(host, folder, tokens)
      : new ForeignKeeper(host, external);
    const coming = host.hold(arrivals, () => {
      const made = new Set<string>();
      host.spawn((signal) => folder.clean(made, signal));
      return made;
    });
    const desk = new Desk(host, new UploadStore(host), keeper, coming);
    const slots = new Slots(host, desk, keeper, external !== undefined);
    host.provide(uploads, { forget: (account) => void desk.purge(account.toString()) });
    if (host.kind !== "user") host.identity("store", "file", "HTTP File Upload");
    host.feature(NS, OLD_NS, ...PURPOSES.map((purpose) => `${PURPOSE_NS}#${purpose}`));
    host.disco("host", {
      forms: ({ node }) => node === undefined ? [limitForm(host.config.largest)] : undefined,
    });
    for (const ns of [NS, OLD_NS]) host.iq.get(ns, "request", "host", (query) => slots.give(query));
    if (external === undefined) {
      host.http(host.config.path, filesApp(host, desk, folder, tokens), { bodyLimit: host.config.largest });
    }
    const fromParent = (who: Jid) => who.domain !== host.domain && slots.mayUpload(who);
    for (const command of uploadCommands(host, desk, keeper, fromParent)) {
      host.find(commands)?.register(host, command);
    }
    host.every(SWEEP_MS, () => void desk.tidy());
  },
});

class Slots {
  constructor(
    private readonly host: HostScope<UploadOptions>,
    private readonly desk: Desk,
    private readonly keeper: Keeper,
    private readonly foreign: boolean,
  ) {}

  give({ from, payload }: Query): Element {
    if (!this.mayUpload(from)) {
      throw new StanzaError("not-authorized", "only people with an account here may upload files");
    }
    const request = readSlotRequest(payload);
    if (request.size > this.host.config.largest) throw tooLarge(payload.ns, this.host.config.largest);
    const file = this.desk.place(from, request);
    // Elsewhere nobody tells us that a file has come.
    if (this.foreign) this.desk.arrived(file, request.until);
    const { put, get, authorization } = this.keeper.addresses(file, request.until);
    if (payload.ns === OLD_NS) {
      // What is older knows no headers: the token is in the address.
      const address = authorization === undefined
        ? put
        : `${put}?token=${authorization.slice("Bearer ".length)}`;
      return el("slot", OLD_NS, {}, [el("get", OLD_NS, {}, get), el("put", OLD_NS, {}, address)]);
    }
    const header = authorization === undefined
      ? []
      : [el("header", NS, { name: "Authorization" }, authorization)];
    return el("slot", NS, {}, [el("put", NS, { url: put }, header), el("get", NS, { url: get })]);
  }

  /** Guests without an account leave nothing behind. */
  mayUpload({ local, domain }: Jid): boolean {
    const { host } = this;
    if (local === "" || (domain !== host.domain && domain !== host.parent)) return false;
    const who = domain === host.domain ? host.find(credentials) : host.sibling(domain)?.use(credentials);
    return who !== undefined && who.temporary !== true && who.exists(local);
  }
}

/** XEP-0363 §6: with the limit, so that a client can make the file smaller. */
function tooLarge(ns: string, largest: number): StanzaError {
  return new StanzaError("not-acceptable", `a file may have at most ${largest} bytes`, {
    extra: [el("file-too-large", ns, {}, el("max-file-size", ns, {}, String(largest)))],
  });
}

function limitForm(largest: number): Element {
  return buildForm({
    type: "result",
    fields: [
      { var: "FORM_TYPE", type: "hidden", values: [NS] },
      { var: "max-file-size", values: [String(largest)] },
    ],
  });
}

function secretOf(host: HostScope<unknown>): Uint8Array {
  const store = host.open(secrets);
  const kept = decodeBase64(store.get("") ?? "");
  if (kept !== undefined && kept.length === 32) return kept;
  const made = crypto.getRandomValues(new Uint8Array(32));
  store.set("", encodeBase64(made));
  return made;
}
