/**
 * XEP-0377: who blocks somebody may say that it is for spam or abuse. Reports are kept for the host's admins, who get them
 * as messages too; others hear of one only where its reporter has agreed (§5) and the configuration wants it.
 */
import { definePlugin, duration, type Element, type HostScope, Jid, nextTurn, options, z } from "#plugin";
import { commands } from "../admin/api.ts";
import { abuseReported, privacy, reports as service } from "./api.ts";
import { readReport, REPORTING_NS, reportSubmitted } from "./report.ts";
import { listCommand } from "./report_command.ts";
import { messageToAdmin, messageToOthers } from "./report_message.ts";
import { ReportStore } from "./report_store.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const address = z.string().refine((text) => Jid.tryParse(text) !== undefined, {
  error: 'expected an address such as "admin@example.org" or "reports.example.org"',
});

const config = options({
  to: z.array(address).optional().describe(
    "Who gets reports as messages. The host's admins and the operators where it is left out; an empty list for nobody.",
  ),
  keep: duration().prefault("180 days").describe("How long reports are kept."),
  each: z.number().int().min(1).max(10_000).default(100).describe("Reports of one account that are kept."),
  daily: z.number().int().min(1).max(10_000).default(20).describe(
    "Reports that one account may make a day; addresses are blocked all the same.",
  ),
  text: z.number().int().min(0).max(65_535).default(2000).describe(
    "Characters of a report's text that are kept.",
  ),
  messages: z.number().int().min(0).max(1000).default(50).describe("Messages that a report may name."),
  tell_origin: z.boolean().default(false).describe(
    "Also tells the server of whoever was reported, where the reporter agrees. The reporter is not named.",
  ),
  third_parties: z.array(address).default([]).describe(
    "Services that collect reports: they are told where the reporter agrees. The reporter is not named.",
  ),
});
type Config = z.infer<typeof config>;

export const reports = definePlugin<Config>({
  name: "reports",
  doc: "Takes reports of spam and abuse from people who block somebody, for the host's admins.",
  xeps: [[377, "0.4.1"]],
  config,
  standard: true,
  provides: [service],
  needs: [privacy],
  wants: [commands],
  setup(host) {
    const store = new ReportStore(host);
    const office = new Office(host, store);
    host.provide(service, store);
    host.feature(REPORTING_NS);
    host.on(reportSubmitted, ({ account, reported, report }) => office.take(account, reported, report));
    host.every(HOUR, () => office.expire());
    host.find(commands)?.register(host, listCommand(store));
  },
});

class Office {
  constructor(private readonly host: HostScope<Config>, private readonly store: ReportStore) {}

  take(account: Jid, reported: Jid, element: Element): undefined {
    const { host, store } = this;
    const { config } = host;
    const said = readReport(element, config);
    // XEP-0377 §6: the block counts, whatever becomes of the report.
    if (said === undefined) return;
    if (store.since(account.local, host.clock.now() - DAY, config.daily) >= config.daily) {
      host.log.info("a report was not taken: the account has made too many today", {
        account: account.toString(),
      });
      return;
    }
    const report = store.add(account, reported, said, config.each);
    host.log.info("abuse reported", { by: account.toString(), of: reported.toString(), reason: said.reason });
    host.emit(abuseReported, report);
    for (const to of this.#admins()) host.send(messageToAdmin(report, host.jid, to));
    if (config.tell_origin && report.mayTell.origin && reported.domain !== host.domain) {
      host.send(messageToOthers(report, host.jid, Jid.of("", reported.domain)));
    }
    if (!report.mayTell.thirdParties) return;
    for (const text of config.third_parties) host.send(messageToOthers(report, host.jid, Jid.parse(text)));
  }

  #admins(): readonly Jid[] {
    const { to } = this.host.config;
    return to === undefined ? this.host.accounts.appointed : to.map((text) => Jid.parse(text));
  }

  /** In slices: a host that was off for long catches up without a stop. */
  expire(): undefined {
    const { host, store } = this;
    const before = host.clock.now() - host.config.keep;
    host.spawn(async (signal) => {
      while (!signal.aborted && store.expire(before)) await nextTurn();
    });
  }
}
