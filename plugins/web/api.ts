/** What the web plugins share. */
import { defineService } from "#plugin";

/** Where a host's WebSocket is, as a path below the host's address on the web. */
export const webSocketPath = defineService<string>("web socket path");
/** Where its BOSH is. */
export const boshPath = defineService<string>("bosh path");
