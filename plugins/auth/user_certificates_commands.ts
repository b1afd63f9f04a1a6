/** The commands by which people manage their certificates: nodes and fields are those of Metronome 4. */
import { type FieldShape, formShape } from "#plugin";
import { type Call, type Command, defineStage } from "../admin/api.ts";
import { bytesOf, type CertificateDesk } from "./user_certificates_desk.ts";

const NODE = "http://metronome.im/protocol/certificates";
const ABOUT = "http://jabber.org/protocol/commands";

export function certificateCommands(desk: CertificateDesk): Command[] {
  return [addCommand(desk), listCommand(desk)];
}

function addCommand(desk: CertificateDesk): Command {
  const form = formShape(ABOUT, {
    name: { kind: "text", label: "The name of the certificate", required: true },
    cert: { kind: "lines", label: "The certificate, in PEM format", required: true },
  });
  const stage = defineStage<typeof form.fields>({
    form(call) {
      desk.requireManager(call.session);
      return form;
    },
    words: { instructions: ["Who has this certificate and its key can log in to your account."] },
  });
  return {
    node: `${NODE}#add`,
    name: "Add a certificate to log in with",
    role: "limited",
    stages: [stage],
    run(call) {
      desk.requireManager(call.session);
      const { name, cert } = call.of(stage);
      desk.add(call.from.local, name.trim(), bytesOf(cert), false);
      return { info: `The certificate "${name.trim()}" has been added.` };
    },
  };
}

function listCommand(desk: CertificateDesk): Command {
  const stage = defineStage<Record<string, FieldShape>>({
    form(call) {
      desk.requireManager(call.session);
      return formShape(ABOUT, fieldsOf(desk, call));
    },
    words: (call) => ({
      instructions: [
        desk.list(call.from.local).length === 0
          ? "There is no certificate that could log in to your account."
          : "These certificates can log in to your account. One that is removed cannot be used any more; one that is " +
            "revoked is also logged out everywhere.",
      ],
    }),
  });
  return {
    node: `${NODE}#list`,
    name: "List the certificates to log in with",
    role: "limited",
    stages: [stage],
    run(call) {
      const session = desk.requireManager(call.session);
      const chosen = Object.entries(call.of(stage));
      let own = false;
      for (const [name, action] of chosen) {
        if (action === "remove") desk.disable(call.from.local, name);
        if (action === "revoke") own = desk.revoke(call.from.local, name, session) || own;
      }
      if (own) desk.endLater(session);
      return { info: "Done." };
    },
  };
}

/** A field each certificate, called as the certificate is. */
function fieldsOf(desk: CertificateDesk, { from }: Call): Record<string, FieldShape> {
  const fields = desk.list(from.local).filter(({ name }) => !RESERVED.has(name)).map(({ name }) =>
    [name, {
      kind: "choice",
      label: `Certificate: ${name}`,
      initial: "none",
      options: [
        { value: "none", label: "Keep it" },
        { value: "remove", label: "Remove it" },
        { value: "revoke", label: "Revoke it" },
      ],
    }] as const
  );
  return Object.fromEntries(fields);
}

/** No field of a form can be called so. */
const RESERVED: ReadonlySet<string> = new Set(["FORM_TYPE", "__proto__"]);
