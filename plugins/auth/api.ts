/** What other plugins may know of how accounts log in. */
import { defineService } from "#plugin";

/** An installation of a client that may log in without the password, or did so and is still here. */
export interface Device {
  /** Names it among those of its account. */
  readonly id: string;
  /** What the client calls itself and what it runs on. For the account's owner only. */
  readonly software: string | undefined;
  readonly device: string | undefined;
  /** Milliseconds since 1970: its first token, its last login with one (to the hour), and when it must have come back. */
  readonly since: number;
  readonly used: number;
  readonly expires: number;
  /** Has a session, perhaps one that waits to be resumed. */
  readonly connected: boolean;
}

export interface Devices {
  /** The devices of an account, the latest used first. */
  list(local: string): readonly Device[];
  /** Takes a device's tokens and ends its sessions; false where there is no such device. */
  revoke(local: string, id: string): boolean;
  /** Takes the tokens of the installation with this agent id, if it has any; its sessions stay. */
  forget(local: string, agent: string): void;
}

export const devices = defineService<Devices>("devices");
