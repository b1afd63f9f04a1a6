/** Two ends of one connection without a network: what one writes, the other reads a moment later. */
import { encodeUtf8 } from "../base/bytes.ts";
import type { ClientTls, OutgoingCarrier } from "../transport/connect.ts";
import type { TlsContext } from "../transport/tls_context.ts";
import type { Upgrade } from "../transport/carrier.ts";
import { type CarrierOptions, TestCarrier } from "./carrier.ts";
import { shownBy } from "./certificate.ts";

/** One end. The side that connects takes it to TLS by `secure`, the other by `startTls`. */
export class LinkEnd extends TestCarrier implements OutgoingCarrier {
  other: LinkEnd | undefined;
  /** What the other end gets to see of us. */
  chain: Uint8Array[] = [];

  constructor(received: (text: string) => void, options: CarrierOptions = {}) {
    super(received, { ...options, peerChain: () => this.other?.chain ?? [] });
  }

  override startTls(before: string, context: TlsContext, upgrade: Upgrade = {}): Promise<void> {
    this.chain = [context.leaf];
    return super.startTls(before, context, upgrade);
  }

  secure({ secure, servername }: ClientTls): Promise<void> {
    if (this.closed) return Promise.reject(new Error("the connection is closed"));
    this.chain = shownBy(secure);
    this.becomeSecure(servername);
    return Promise.resolve();
  }

  override destroy(error?: Error): void {
    if (this.closed) return;
    super.destroy(error);
    const { other } = this;
    // After what has been written.
    if (other !== undefined) void Promise.resolve().then(() => other.destroy(error));
  }
}

/** A connection: the end of who connects, and the end of who is connected to. */
export function link(address: string): { readonly near: LinkEnd; readonly far: LinkEnd } {
  const near: LinkEnd = new LinkEnd((text) => deliver(far, text), { secure: false, address });
  const far: LinkEnd = new LinkEnd((text) => deliver(near, text), { secure: false, address });
  near.other = far;
  far.other = near;
  return { near, far };
}

function deliver(to: LinkEnd, text: string): void {
  void Promise.resolve().then(() => to.feed(encodeUtf8(text)));
}
