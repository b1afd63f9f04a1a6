/** What a start says to whoever has typed it: what is served, how to connect, and what to be careful of. */
import { REGISTRATION, type Settings } from "../config/mod.ts";
import type { Status } from "../server/status.ts";

/** What of this machine and of the command line matters to the text. */
export interface Surroundings {
  /** Addresses by which others on the network reach this machine. */
  readonly addresses: readonly string[];
  /** The file; undefined for a start without any. */
  readonly config: string | undefined;
}

export function banner(status: Status, settings: Settings, around: Surroundings): string {
  const people = status.hosts.filter(({ kind }) => kind === "user");
  const services = status.hosts.filter(({ kind }) => kind !== "user").map(({ domain }) => domain);
  const [first] = people;
  const name = first?.domain ?? "";
  const rows: [string, readonly string[]][] = [
    ["Services", services.length === 0 ? [] : [services.join(", ")]],
    ["Connect", connect(status, around, name)],
    ["Login", first === undefined ? [] : [first.mechanisms.join(", ")]],
    ["Certificate", certificates(status)],
    ["Accounts", accounts(settings, name)],
    ["Web", web(status)],
    ["Data", [status.data]],
    ["Config", [around.config ?? "none: everything by default"]],
    ["Problems", status.problems],
    ["Next", next(status, settings, around, name)],
  ];
  return [
    `Metronome ${status.version} serves ${people.map(({ domain }) => domain).join(", ")}`,
    ...rows.flatMap(([title, lines]) =>
      lines.map((line, i) => `  ${(i === 0 ? title : "").padEnd(13)}${line}`)
    ),
  ].join("\n");
}

/** Addresses by which others may reach this machine: neither loopback nor of one cable only. */
export function lanAddresses(interfaces: readonly Deno.NetworkInterfaceInfo[]): string[] {
  return interfaces.map(({ address }) => address).filter((address) =>
    !/^(127\.|169\.254\.|::1$|fe80:|f[cd]00:)/i.test(address)
  ).sort((a, b) => Number(a.includes(":")) - Number(b.includes(":")));
}

function connect({ ports, listeners }: Status, { addresses }: Surroundings, name: string): string[] {
  const ways = [
    ...(ports["c2s"] ?? []).map((port) => `STARTTLS on port ${port}`),
    ...(ports["c2s-tls"] ?? []).map((port) => `TLS on port ${port}`),
  ];
  const open = listeners.some(({ kind, at }) =>
    kind.startsWith("c2s") && !/^(127\.|\[::1\]|localhost)/.test(at)
  );
  return [
    `as you@${name} with any XMPP client: ${ways.join(", ") || "no port is open for clients"}`,
    ...(open && addresses.length > 0 ? [`from this network at ${addresses.join(", ")}`] : []),
  ];
}

function certificates({ certificates }: Status): string[] {
  const own = certificates.filter(({ file }) => file !== undefined);
  return own.flatMap(({ host, sha256, file }) => [
    `${host}: SELF-SIGNED, made here. Clients warn until they are told to trust it:`,
    `SHA-256 ${sha256}`,
    file ?? "",
  ]);
}

function accounts(settings: Settings, name: string): string[] {
  const table = settings.hosts[name]?.config[REGISTRATION.plugin] as Record<string, unknown> | undefined;
  const made = `\`metronome user add you@${name}\` makes one`;
  switch (table?.[REGISTRATION.option]) {
    case REGISTRATION.everybody:
      return ["OPEN: EVERYBODY who can connect may make one, in the client", made];
    case REGISTRATION.loopback:
      return ["clients on this machine may make one, others may not", made];
    default:
      return [made];
  }
}

function web({ listeners }: Status): string[] {
  return listeners.filter(({ kind }) => kind === "http").map(({ at, port }) => {
    const host = at.slice(0, at.lastIndexOf(":")).replace(/^(\[::\]|0\.0\.0\.0)$/, "localhost");
    return `http://${host}:${port}/ with /healthz, /readyz and /metrics`;
  });
}

function next(
  status: Status,
  settings: Settings,
  { addresses, config }: Surroundings,
  name: string,
): string[] {
  const stop = "Ctrl-C stops the server";
  if (config !== undefined) return [stop];
  const open = settings.hosts[name]?.config[REGISTRATION.plugin] as Record<string, unknown> | undefined;
  if (name !== "localhost" && open?.[REGISTRATION.option] === REGISTRATION.everybody) {
    const port = status.ports["c2s"]?.[0];
    return [
      `on a phone in this network make an account you@${name}` +
      (addresses[0] === undefined || addresses[0] === name ? "" : `, server ${addresses[0]}, port ${port}`),
      stop,
    ];
  }
  return [
    `for a phone on this network: metronome start --host ${addresses[0] ?? "NAME"} --register`,
    "for a server of your own: metronome config example > metronome.toml",
    stop,
  ];
}
