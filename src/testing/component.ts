/** A scripted external component (XEP-0114). */
import { createHash } from "node:crypto";
import type { Server } from "../server/server.ts";
import { TestClient } from "./client.ts";

export class TestComponent extends TestClient {
  protected override connect(server: Server): void {
    server.acceptComponent(this.carrier);
  }

  override async open(to = this.domain): Promise<void> {
    await this.openWith(`to='${to}' xmlns='jabber:component:accept'`);
  }

  /** Sends the handshake that a secret makes. */
  async shake(secret: string): Promise<void> {
    const hash = createHash("sha1").update(`${this.header?.attr("id")}${secret}`).digest("hex");
    await this.send(`<handshake>${hash}</handshake>`);
  }

  /** Opens a stream and logs in. */
  override async login(secret: string): Promise<void> {
    await this.open();
    await this.shake(secret);
    this.expect("<handshake/>");
  }
}
