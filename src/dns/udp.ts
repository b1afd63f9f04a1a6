/**
 * A question in one datagram. Each has a socket of its own, hence a port that the system draws at random, and an id
 * and a spelling that are drawn here (RFC 5452): all of them must fit. What does not fit is passed over, for the true
 * answer may still come; only when too much of it comes is the question asked over TCP, which cannot be forged from aside.
 */
import { createSocket } from "node:dgram";
import { answers, type Asking, late, questionId, where } from "./asking.ts";
import { bounded } from "./bounded.ts";
import { mixedCase } from "./name.ts";
import { decodeReply, encodeQuestion, type Reply } from "./packet.ts";
import { DnsError } from "./resolver.ts";

/** So many wrong datagrams look like an attempt to guess. */
const MOST_WRONG = 16;

/** The reply, or "distrusted" when it should be asked for again over TCP. */
export function askUdp(asking: Asking): Promise<Reply | "distrusted"> {
  const { server, kind, clock, timeoutMs, signal, edns } = asking;
  const bounds = { clock, timeoutMs, signal, late: () => late(asking) };
  return bounded<Reply | "distrusted">(bounds, (done, failed) => {
    const id = questionId();
    const spelled = mixedCase(asking.name);
    const socket = createSocket(server.address.includes(":") ? "udp6" : "udp4");
    let wrong = 0;
    let stopped = false;
    socket.on("error", (error) => failed(unreachable(asking, error)));
    socket.on("message", (bytes, from) => {
      if (stopped) return;
      const reply = from.port === server.port && sameAddress(from.address, server.address)
        ? decodeReply(bytes)
        : undefined;
      if (!answers(reply, id, asking)) {
        if (++wrong >= MOST_WRONG) done("distrusted");
        return;
      }
      // Some servers change the spelling. Rather than to believe them it is asked again.
      const echoed = reply.question === undefined || reply.question.name === spelled;
      done(echoed ? reply : "distrusted");
    });
    socket.bind(0, server.address.includes(":") ? "::" : "0.0.0.0", () => {
      if (stopped) return;
      const bytes = encodeQuestion(id, spelled, kind, edns);
      socket.send(bytes, server.port, server.address, (error) => {
        if (error) failed(unreachable(asking, error));
      });
    });
    return () => {
      stopped = true;
      socket.close();
    };
  });
}

function unreachable({ server, kind, name }: Asking, { message }: Error): DnsError {
  return new DnsError("timeout", name, `DNS: cannot ask ${where(server)} for ${kind} ${name}: ${message}`);
}

/** Whether two spellings are one address. */
function sameAddress(a: string, b: string): boolean {
  return a === b || (a.includes(":") && b.includes(":") && spelled(a) === spelled(b));
}

function spelled(address: string): string {
  const [plain = ""] = address.split("%");
  return URL.parse(`http://[${plain}]/`)?.hostname ?? address;
}
