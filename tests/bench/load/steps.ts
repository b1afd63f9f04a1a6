/** What is measured: groups of steps, each step one call of xload. A group runs on one start of a server. */
import type { Options } from "./options.ts";

/** One call of xload, by the name that the table shows. */
export interface Step {
  readonly name: string;
  readonly args: readonly string[];
}

/** Steps that share one start of the server; `mam` says that the archive is on for everybody. */
export interface Group {
  readonly mam: boolean;
  readonly steps: readonly Step[];
}

const step = (name: string, line: string): Step => ({ name, args: line.split(" ") });

/** All groups, short ones with `--quick`. */
export function groups(options: Options): Map<string, Group> {
  const q = (full: number, short: number) => String(options.quick ? short : full);
  const counts = (full: string) => options.steps ?? (options.quick ? "200,400" : full);
  const idle = (name: string, tls: string, full: string, conc: number): Group => ({
    mam: false,
    steps: [step(name, `idle --tls ${tls} --steps ${counts(full)} --conc ${conc}`)],
  });
  return new Map<string, Group>([
    ["base", {
      mam: false,
      steps: [
        step("rest", "usage --duration 3"),
        step("login-scram", `login --users 50 --count ${q(600, 100)} --conc 16`),
        step("login-plain", `login --users 50 --count ${q(400, 100)} --conc 16 --mech PLAIN`),
        step("chat", `chat --pairs 100 --duration ${q(8, 1)}`),
        step("chat-500", `chat --pairs 100 --rate 500 --duration ${q(6, 1)}`),
        step("chat-2000", `chat --pairs 100 --rate 2000 --duration ${q(6, 1)}`),
        step("muc-50", `muc --fan 50 --messages ${q(500, 20)} --window 8`),
        step("muc-50-one", `muc --fan 50 --messages ${q(200, 20)}`),
        step("muc-300", `muc --fan 300 --messages ${q(120, 5)} --window 4`),
        step("presence-200", `presence --fan 200 --messages ${q(150, 5)} --window 4`),
        step("pubsub-200", `pubsub --fan 200 --messages ${q(150, 5)} --window 4`),
      ],
    }],
    ["tls", {
      mam: false,
      steps: [
        step("tls-login-scram", `login --tls starttls --users 50 --count ${q(400, 100)} --conc 16`),
        step("tls-chat", `chat --tls starttls --pairs 100 --duration ${q(8, 1)}`),
        step("tls-chat-500", `chat --tls starttls --pairs 100 --rate 500 --duration ${q(12, 1)}`),
        step("tls-chat-2000", `chat --tls starttls --pairs 100 --rate 2000 --duration ${q(12, 1)}`),
        step("direct-login-scram", `login --tls direct --users 50 --count ${q(400, 100)} --conc 16`),
        step("direct-chat", `chat --tls direct --pairs 100 --duration ${q(8, 1)}`),
      ],
    }],
    // One login above the handshake: what each of the last three costs more than the first.
    ["login", {
      mam: false,
      steps: [
        step("handshake", `login --tls direct --level tls --users 50 --count ${q(1500, 100)} --conc 16`),
        ...["SCRAM-SHA-1", "FAST", "FAST-QUICK"].map((mech) =>
          step(
            `direct-bind-${mech.toLowerCase()}`,
            `login --tls direct --level bind --users 50 --count ${q(1500, 100)} --conc 16 --mech ${mech}`,
          )
        ),
      ],
    }],
    // What chat costs more with what every client of today enables. The plain one comes first and last: it must not have
    // become cheaper only because the server has run for longer.
    ["acks", {
      mam: false,
      steps: [
        step("chat-plain", `chat --pairs 100 --duration ${q(8, 1)}`),
        // The clients answer our requests and make none.
        step("chat-sm", `chat --pairs 100 --duration ${q(8, 1)} --sm 1000000 --carbons 1`),
        step("chat-acks", `chat --pairs 100 --duration ${q(8, 1)} --sm 5 --carbons 1`),
        step("chat-plain-again", `chat --pairs 100 --duration ${q(8, 1)}`),
        step("chat-500-plain", `chat --pairs 100 --rate 500 --duration ${q(8, 1)}`),
        step("chat-500-acks", `chat --pairs 100 --rate 500 --duration ${q(8, 1)} --sm 5 --carbons 1`),
      ],
    }],
    // The chat of "base" with the archive on: what it costs more.
    ["archive", {
      mam: true,
      steps: [
        step("archive-chat", `chat --pairs 100 --duration ${q(8, 1)}`),
        step("archive-chat-500", `chat --pairs 100 --rate 500 --duration ${q(6, 1)}`),
        step("archive-chat-2000", `chat --pairs 100 --rate 2000 --duration ${q(6, 1)}`),
      ],
    }],
    // The same as a server is used: over TLS, which ours requires unless it is told otherwise.
    ["archive-tls", {
      mam: true,
      steps: [
        step("archive-tls-chat", `chat --tls starttls --pairs 100 --duration ${q(8, 1)}`),
        step("archive-tls-chat-500", `chat --tls starttls --pairs 100 --rate 500 --duration ${q(12, 1)}`),
        step("archive-tls-chat-2000", `chat --tls starttls --pairs 100 --rate 2000 --duration ${q(12, 1)}`),
      ],
    }],
    ["ws", {
      mam: false,
      steps: [
        ...["", "ws-"].flatMap((over) => {
          const ws = over === "" ? "" : " --ws 1";
          return [
            step(`${over}chat`, `chat --pairs 100 --duration ${q(8, 1)}${ws}`),
            step(`${over}chat-2000`, `chat --pairs 100 --rate 2000 --duration ${q(6, 1)}${ws}`),
          ];
        }),
      ],
    }],
    ["idle-ws", {
      mam: false,
      steps: [step("idle-ws", `idle --ws 1 --steps ${counts("1000,5000")} --conc 16`)],
    }],
    ["mam", { mam: true, steps: [step("mam", `mam --pairs 10 --window 5 --duration ${q(8, 1)}`)] }],
    ["idle", idle("idle", "none", "1000,5000,10000", 32)],
    ["idle-tls", idle("idle-tls", "starttls", "1000,5000", 16)],
    ["idle-direct", idle("idle-direct", "direct", "1000,5000", 16)],
    ["churn", {
      mam: false,
      steps: [
        step("logins-logouts", `churn --rounds 3 --count ${q(10000, 500)} --users ${q(1000, 100)} --conc 32`),
      ],
    }],
  ]);
}
