/** `proxy …`: the configuration of a web server in front, made of ours. */
import { type Call, type Command, EXIT, say, textOption } from "./command.ts";
import { Configuration } from "./load.ts";
import { apacheConfig } from "./proxy/apache.ts";
import { caddyConfig } from "./proxy/caddy.ts";
import { nginxConfig } from "./proxy/nginx.ts";
import { type Backend, backendOf, type Site, sitesOf, withoutAddress } from "./proxy/sites.ts";

const PAGE =
  "The names and paths are those of `http_url`, ours is `http.socket` where there is one, else the first address of " +
  "`listen.http`. The proxy must be believed: `http.trusted_proxies` has this machine unless it says otherwise, and whoever may " +
  "open the socket is.";

const CERTIFICATE = [
  { flags: "--certificate <file>", line: "its certificate; NAME stands for the name of the site" },
  { flags: "--key <file>", line: "the key of that" },
];
const LETS_ENCRYPT = "/etc/letsencrypt/live/NAME";

const nginx: Command = {
  name: "proxy nginx",
  group: "Configuration",
  takes: "[host]",
  line: "Print the configuration of nginx in front of this server",
  page: PAGE,
  examples: [
    ["metronome proxy nginx > /etc/nginx/conf.d/metronome.conf", "all hosts"],
    ["metronome proxy nginx example.org --listen 8443", "one, on another port"],
  ],
  options: [
    { flags: "--listen <address...>", line: "where nginx listens, instead of 443 on all addresses" },
    ...CERTIFICATE,
  ],
  configured: true,
  run: (call) =>
    print(call, "nginx", (sites, backend) => {
      const { listen } = call.options;
      return nginxConfig(sites, backend, {
        listen: Array.isArray(listen) ? listen as readonly string[] : ["443", "[::]:443"],
        ...certificateOf(call),
      });
    }),
};

const caddy: Command = {
  name: "proxy caddy",
  group: "Configuration",
  takes: "[host]",
  line: "Print the configuration of Caddy in front of this server",
  page: PAGE,
  configured: true,
  run: (call) => print(call, "caddy", caddyConfig),
};

const apache: Command = {
  name: "proxy apache",
  group: "Configuration",
  takes: "[host]",
  line: "Print the configuration of Apache in front of this server",
  page: PAGE,
  options: CERTIFICATE,
  configured: true,
  run: (call) => print(call, "apache", (sites, backend) => apacheConfig(sites, backend, certificateOf(call))),
};

export const proxyCommands: readonly Command[] = [nginx, caddy, apache];

function certificateOf(call: Call): { certificate: string; key: string } {
  return {
    certificate: textOption(call, "certificate") ?? `${LETS_ENCRYPT}/fullchain.pem`,
    key: textOption(call, "key") ?? `${LETS_ENCRYPT}/privkey.pem`,
  };
}

async function print(
  call: Call,
  what: string,
  write: (sites: readonly Site[], backend: Backend) => string,
): Promise<typeof EXIT.ok> {
  const { settings } = (await new Configuration(call).need()).read;
  const only = call.args[0];
  const sites = sitesOf(settings, only);
  const backend = backendOf(settings);
  const notes = withoutAddress(settings, only).map((domain) =>
    `# Set host."${domain}".http_url = "https://${domain}": without it, links lead to a port of metronome's own.`
  );
  const head = [`# Made by \`metronome proxy ${what}\` from the configuration of the server.`, ...notes, ""];
  const config = [...head, write(sites, backend)].join("\n");
  say(call, { sites, backend, config }, config);
  return EXIT.ok;
}
