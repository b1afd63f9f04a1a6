/** Debian's nginx with the configuration that we print, on a port of its own. */
import type { Serving } from "../server/rig.ts";
import { soon } from "../server/rig.ts";
import { issue } from "../../src/transport/issue_test_certificate.ts";

const PROGRAM = "/usr/sbin/nginx";

/** Whether there is one; the test command installs it where it can. */
export const hasNginx = await Deno.stat(PROGRAM).then(() => true, () => false);

export class Nginx implements AsyncDisposable {
  /** What \`metronome proxy nginx\` has printed. */
  readonly printed: string;

  private constructor(readonly port: number, printed: string, private readonly process: Deno.ChildProcess) {
    this.printed = printed;
  }

  static async start(serving: Serving, names: readonly string[]): Promise<Nginx> {
    const { folder } = serving.place;
    const { cert, key } = issue({ dns: names });
    const files = {
      certificate: await serving.place.write("nginx.crt", cert),
      key: await serving.place.write("nginx.key", key),
    };
    const port = freePort();
    const { out, err, code } = await serving.run([
      "proxy",
      "nginx",
      "--listen",
      `127.0.0.1:${port}`,
      "--certificate",
      files.certificate,
      "--key",
      files.key,
    ]);
    if (code !== 0) throw new Error(err);
    const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
      .map((name) => `${name}_temp_path ${folder}/nginx-${name};`).join("\n");
    const config = await serving.place.write(
      "nginx.conf",
      `daemon off; worker_processes 1; pid ${folder}/nginx.pid; error_log ${folder}/nginx.log info;
${Deno.uid() === 0 ? "user root;" : ""}
events { worker_connections 100; }
http { access_log off; lingering_close off; ${temporary}
${out}
}
`,
    );
    const process = new Deno.Command(PROGRAM, {
      args: ["-p", folder, "-c", config, "-e", `${folder}/nginx.log`],
      stdout: "null",
      stderr: "null",
    }).spawn();
    const nginx = new Nginx(port, out, process);
    await soon("nginx", nginx.#answers(process));
    return nginx;
  }

  async #answers(process: Deno.ChildProcess): Promise<void> {
    let over = false;
    process.status.then(() => over = true);
    while (!over) {
      try {
        (await Deno.connect({ hostname: "127.0.0.1", port: this.port })).close();
        return;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    }
    throw new Error("nginx has ended");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.process.kill("SIGTERM");
    await this.process.status;
  }
}

function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return port;
}
