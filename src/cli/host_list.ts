/** `host list`. */
import { type Command, EXIT, say } from "./command.ts";
import { Configuration } from "./load.ts";
import { reachRunning } from "./reach.ts";

export const hostList: Command = {
  name: "host list",
  group: "Looking",
  line: "List the hosts and their services",
  page: "Hosts are made and removed in the configuration, followed by a reload; this shows what holds.",
  configured: true,
  async run(call) {
    const { settings } = (await new Configuration(call).need()).read;
    const running = await (await reachRunning(settings.server.run))?.hosts();
    const hosts = running ?? Object.values(settings.hosts).map(({ domain, kind, parent }) => ({
      domain,
      kind,
      ...(parent === undefined ? {} : { parent }),
    }));
    const width = Math.max(...hosts.map(({ domain }) => domain.length)) + 2;
    const lines = hosts.map((host) => {
      const what = host.kind === "user" ? "people" : `${host.kind}${host.parent ? ` of ${host.parent}` : ""}`;
      const use = "online" in host && host.kind === "user" ? `, ${host.online} online` : "";
      return `${host.domain.padEnd(width)}${what}${use}`;
    });
    if (running === undefined) lines.push("(no server is running: this is what the configuration says)");
    say(call, { running: running !== undefined, hosts }, lines.join("\n"));
    return EXIT.ok;
  },
};
