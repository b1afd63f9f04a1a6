/** The command by which people set their switches: node, form and fields are those of Metronome 4. */
import { formShape } from "#plugin";
import { type Command, defineStage } from "../admin/api.ts";
import type { SwitchBook } from "./client_state_switches.ts";

const BLOCK = "csi#block_chatstates";
const HOLD = "csi#queue_all_muc_messages_but_mentions";

export function switchCommand(switches: SwitchBook): Command {
  const stage = defineStage({
    form: formShape("http://jabber.org/protocol/commands", {
      [BLOCK]: { kind: "boolean", label: "Never show that somebody is typing" },
      [HOLD]: { kind: "boolean", label: "While I am away, hold what is said in rooms unless it names me" },
    }),
    words: { instructions: ["What your devices get while you do not look at them."] },
    values({ from }) {
      const { blockChatStates, holdRooms } = switches.get(from.local);
      return { [BLOCK]: blockChatStates, [HOLD]: holdRooms };
    },
  });
  return {
    node: "http://metronome.im/protocol/csi#config",
    name: "Configure what inactive devices get",
    role: "limited",
    stages: [stage],
    run(call) {
      const { local } = call.from;
      const before = switches.get(local);
      const said = call.of(stage);
      switches.set(local, {
        blockChatStates: said[BLOCK] ?? before.blockChatStates,
        holdRooms: said[HOLD] ?? before.holdRooms,
      });
      return { info: "Your devices follow this from now on." };
    },
  };
}
