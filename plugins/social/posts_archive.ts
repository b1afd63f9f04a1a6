/**
 * People take their posts with them, and bring those they have: two commands (XEP-0050) give an address that is good for a
 * while and for them alone, from which the blog is fetched as a file, or to which a file is sent. Followers are not told of posts
 * that are brought; what is there already stays as it is.
 */
import { Hono } from "hono";
import {
  accountRemoved,
  type App,
  buildForm,
  definePlugin,
  defineSlot,
  duration,
  errorResponse,
  formatDateTime,
  formTypeField,
  type HostScope,
  Jid,
  Lru,
  nextTurn,
  options,
  randomId,
  size,
  StanzaError,
  webPath,
  XmlError,
  z,
} from "#plugin";
import { type Command, commands } from "../admin/api.ts";
import { type Draft, type Item, personalServices, type PubsubService } from "../pubsub/api.ts";
import { beginning, END, partOf, readArchive } from "./archive_text.ts";
import { ABOUT } from "./feed.ts";
import { MICROBLOG } from "./names.ts";
import { nodeUri } from "./uri.ts";

const NS = "urn:metronome:posts";
const PAGE = 100;
const ADDRESSES = 10_000;

const config = options({
  path: webPath("/posts"),
  good_for: duration().prefault("1 hour").describe("How long an address can be used."),
  largest: size().prefault("8 MiB").describe("The largest file that may be brought."),
});
type Config = z.infer<typeof config>;

/** What an address is for. */
interface Ticket {
  readonly local: string;
  readonly way: "take" | "bring";
  readonly until: number;
}

const tickets = defineSlot<Lru<string, Ticket>>("posts_archive.tickets");

export const postsArchive = definePlugin({
  name: "posts_archive",
  doc: "Lets people take their posts with them as a file, and bring posts from elsewhere.",
  config,
  standard: true,
  wants: [personalServices, commands],
  setup(host) {
    const personal = host.find(personalServices);
    const book = host.find(commands);
    if (personal === undefined || book === undefined) return;
    const given = host.hold(tickets, () => new Lru<string, Ticket>(ADDRESSES));
    for (const way of WAYS) book.register(host, command(host, given, way));
    // Who has the name next is somebody else.
    host.on(accountRemoved, ({ local }): undefined => {
      for (const way of WAYS) withdraw(given, local, way);
    });
    const valid = (token: string, way: Ticket["way"]): PubsubService | undefined => {
      const ticket = given.get(token);
      if (ticket?.way !== way || ticket.until < host.clock.now()) return undefined;
      return host.accounts.exists(ticket.local) ? personal.of(ticket.local) : undefined;
    };
    host.http(host.config.path, archiveApp(host, valid), { bodyLimit: host.config.largest });
  },
});

const WAYS = ["take", "bring"] as const;

/** An account has one address of each kind, so that nobody's pushes out those of others. */
function withdraw(given: Lru<string, Ticket>, local: string, way: Ticket["way"]): void {
  for (const [token, ticket] of given.entries()) {
    if (ticket.local !== local || ticket.way !== way) continue;
    given.delete(token);
    return;
  }
}

const WORDS = {
  take: ["Take my posts with me", "Fetch this address; it has your posts as a file."],
  bring: ["Bring posts from elsewhere", "Send the file (an Atom feed) to this address with PUT."],
} as const;

function addressForm(url: string) {
  const field = { var: "url", type: "text-single", label: "Address", values: [url] } as const;
  return buildForm({ type: "result", fields: [formTypeField(NS), field] });
}

function command(host: HostScope<Config>, given: Lru<string, Ticket>, way: Ticket["way"]): Command {
  const [name, text] = WORDS[way];
  return {
    node: `${NS}:${way}`,
    name,
    role: "member",
    run({ from }) {
      if (from.domain !== host.domain) {
        throw new StanzaError("forbidden", "this is for accounts of this server");
      }
      withdraw(given, from.local, way);
      const token = randomId(24);
      given.set(token, { local: from.local, way, until: host.clock.now() + host.config.good_for });
      const url = host.url(`${host.config.path}/${token}`);
      return { info: text, payload: addressForm(url) };
    },
  };
}

type Valid = (token: string, way: Ticket["way"]) => PubsubService | undefined;

function archiveApp(host: HostScope<Config>, valid: Valid): App {
  const app: App = new Hono();
  // A file is many times as large once it has been read: one at a time.
  let busy = false;
  const none = (accept: string | undefined) =>
    errorResponse(accept, 404, "This address is not good, or not any more.");
  app.get("/:token", (c) => {
    const service = valid(c.req.param("token"), "take");
    if (service === undefined) return none(c.req.header("accept"));
    return new Response(new ReadableStream(reading(service, host.clock.now())), {
      headers: {
        "content-type": "application/atom+xml; charset=utf-8",
        "content-disposition": 'attachment; filename="posts.xml"',
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
      },
    });
  });
  app.put("/:token", async (c) => {
    const service = valid(c.req.param("token"), "bring");
    if (service === undefined) return none(c.req.header("accept"));
    const bytes = new Uint8Array(await c.req.arrayBuffer());
    if (busy) {
      const response = errorResponse(c.req.header("accept"), 503, "Others bring posts just now.");
      response.headers.set("retry-after", "10");
      return response;
    }
    busy = true;
    try {
      const drafts = read(bytes);
      if (drafts === undefined) {
        return errorResponse(c.req.header("accept"), 422, "This file is no Atom feed.");
      }
      const since = host.writes;
      const counts = await bring(service, Jid.of(service.owner, host.domain), drafts);
      await host.flush(since);
      return c.json(counts);
    } finally {
      busy = false;
    }
  });
  return app;
}

function read(bytes: Uint8Array): Draft[] | undefined {
  try {
    return readArchive(bytes);
  } catch (error) {
    if (error instanceof XmlError) return undefined;
    throw error;
  }
}

/** A page of posts at a time, as fast as they are taken. */
function reading(service: PubsubService, now: number): UnderlyingDefaultSource<Uint8Array> {
  const encoder = new TextEncoder();
  const { jid } = service;
  let after: string | undefined;
  let more = service.node(MICROBLOG) !== undefined;
  return {
    start(controller) {
      const about = service.item(MICROBLOG, ABOUT);
      const uri = nodeUri(jid.toString(), MICROBLOG);
      controller.enqueue(encoder.encode(beginning(about, jid.toString(), uri, formatDateTime(now))));
    },
    pull(controller) {
      const page: readonly Item[] = more ? service.items(MICROBLOG, { after, max: PAGE }, PAGE).items : [];
      const text = page.map(partOf).join("");
      after = page.at(-1)?.id;
      more = page.length === PAGE;
      controller.enqueue(encoder.encode(more ? text : text + END));
      if (!more) controller.close();
    },
  };
}

interface Counts {
  brought: number;
  /** Of the same id. */
  there: number;
  /** Too big, or too many: what the service says of the first of them. */
  refused: number;
  why?: string;
}

async function bring(service: PubsubService, by: Jid, drafts: readonly Draft[]): Promise<Counts> {
  const counts: Counts = { brought: 0, there: 0, refused: 0 };
  for (const [i, draft] of drafts.entries()) {
    if (service.item(MICROBLOG, draft.id!) !== undefined) counts.there++;
    else {
      try {
        service.publish(MICROBLOG, draft, { by, quiet: true });
        counts.brought++;
      } catch (error) {
        if (!(error instanceof StanzaError)) throw error;
        counts.refused++;
        counts.why ??= error.message;
      }
    }
    // Others want to be served, too.
    if (i % PAGE === PAGE - 1) await nextTurn();
  }
  return counts;
}
