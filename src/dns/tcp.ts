/** A question over TCP (RFC 7766): for answers that no datagram holds, and for those that nobody should forge. */
import { connect } from "node:net";
import { concat } from "../base/bytes.ts";
import { answers, type Asking, late, questionId, where } from "./asking.ts";
import { bounded } from "./bounded.ts";
import { decodeReply, encodeQuestion, type Reply } from "./packet.ts";
import { DnsError } from "./resolver.ts";

/** The reply; anything else that the server says, or its silence, is an error. */
export function askTcp(asking: Asking): Promise<Reply> {
  const { server, kind, name, clock, timeoutMs, signal, edns } = asking;
  return bounded<Reply>({ clock, timeoutMs, signal, late: () => late(asking) }, (done, failed) => {
    const id = questionId();
    const socket = connect({ host: server.address, port: server.port });
    let had = new Uint8Array(0);
    socket.on("connect", () => socket.write(framed(encodeQuestion(id, name, kind, edns))));
    socket.on("data", (chunk: Uint8Array) => {
      had = concat(had, chunk);
      const length = had.length < 2 ? Infinity : ((had[0] ?? 0) << 8) | (had[1] ?? 0);
      if (had.length < length + 2) return;
      const reply = decodeReply(had.subarray(2, length + 2));
      if (answers(reply, id, asking) && !reply.truncated) done(reply);
      else failed(broken(asking, "malformed", "its answer over TCP belongs to no question of ours"));
    });
    socket.on("error", ({ message }) => failed(broken(asking, "timeout", message)));
    socket.on(
      "close",
      () => failed(broken(asking, "malformed", "it closed the connection before it answered")),
    );
    return () => socket.destroy();
  });
}

function framed(message: Uint8Array): Uint8Array {
  return concat(Uint8Array.of(message.length >> 8, message.length & 255), message);
}

function broken({ server, kind, name }: Asking, fault: "malformed" | "timeout", why: string): DnsError {
  return new DnsError(fault, name, `DNS: no answer from ${where(server)} for ${kind} ${name}: ${why}`);
}
