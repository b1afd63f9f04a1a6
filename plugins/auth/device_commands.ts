/** The commands by which people see which of their devices may log in without the password, and take that from them. */
import { buildForm, formatDateTime, formShape, StanzaError } from "#plugin";
import type { Command } from "../admin/api.ts";
import { type Call, defineStage } from "../admin/api.ts";
import type { Device, Devices } from "./api.ts";

const NS = "http://metronome.im/protocol/devices";

export function deviceCommands(devices: Devices): Command[] {
  return [listDevices(devices), revokeDevices(devices)];
}

function listDevices(devices: Devices): Command {
  return {
    node: `${NS}#list`,
    name: "List My Devices",
    role: "limited",
    run: ({ from }) => ({
      payload: buildForm({
        type: "result",
        title: "Devices that may log in without the password",
        fields: [],
        reported: [
          { var: "device", label: "Device", values: [] },
          { var: "since", label: "Since", values: [] },
          { var: "used", label: "Last login", values: [] },
          { var: "expires", label: "Until", values: [] },
          { var: "connected", label: "Connected", values: [] },
        ],
        items: devices.list(from.local).map((device) => [
          { var: "device", values: [nameOf(device)] },
          { var: "since", values: [formatDateTime(device.since)] },
          { var: "used", values: [formatDateTime(device.used)] },
          { var: "expires", values: [formatDateTime(device.expires)] },
          { var: "connected", values: [device.connected ? "1" : "0"] },
        ]),
      }),
    }),
  };
}

function revokeDevices(devices: Devices): Command {
  const which = defineStage({
    form: ({ from }: Call) =>
      formShape(NS, {
        devices: {
          kind: "choices",
          label: "Devices that are lost, or not mine",
          required: true,
          options: devices.list(from.local).map((device) => ({ value: device.id, label: nameOf(device) })),
        },
      }),
    words: {
      instructions: [
        "They are logged out, and need the password to come back. Change it where they may know it.",
      ],
    },
  });
  return {
    node: `${NS}#revoke`,
    name: "Log Devices Out",
    role: "limited",
    stages: [which],
    run(call) {
      const gone = call.of(which).devices.filter((id) => devices.revoke(call.from.local, id));
      if (gone.length === 0) {
        throw new StanzaError("item-not-found", "none of these devices is known any more");
      }
      return { info: `${gone.length} logged out` };
    },
  };
}

function nameOf({ id, software, device }: Device): string {
  const words = [software, device].filter((word) => word !== undefined && word !== "");
  return words.length > 0 ? words.join(", ") : id;
}
