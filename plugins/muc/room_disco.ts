/** What a room says of itself (XEP-0045 §6.4 – §6.6, §7.12). */
import {
  buildDiscoInfo,
  buildDiscoItems,
  DISCO_INFO_NS,
  DISCO_ITEMS_NS,
  type DiscoItem,
  type Element,
  type Field,
  type Form,
  formTypeField,
  type Identity,
  readForm,
  StanzaError,
} from "#plugin";
import { isShown } from "./appearance.ts";
import type { RoomQuery } from "./api.ts";
import type { Chatroom } from "./chatroom.ts";
import type { House } from "./house.ts";
import {
  COMMANDS_NS,
  CONFIG_NS,
  INFO_NS,
  MUC_NS,
  OCCUPANT_ID_NS,
  PING_NS,
  REGISTER_FORM_NS,
  REGISTER_NS,
  REQUEST_NS,
  SELF_PING_NS,
  STABLE_ID_NS,
} from "./names.ts";
import { atLeast } from "./ranks.ts";
import {
  ALLOW_INVITES,
  ALLOW_MEMBER_INVITES,
  ALLOW_PM,
  CHANGE_SUBJECT,
  DESCRIPTION,
  LANGUAGE,
  MAX_USERS,
  MEMBERS_ONLY,
  MODERATED,
  NAME,
  PASSWORD,
  PERSISTENT,
  PUBLIC,
  PUBSUB,
  WHOIS,
} from "./standard_fields.ts";

const ALWAYS = [
  MUC_NS,
  STABLE_ID_NS,
  SELF_PING_NS,
  OCCUPANT_ID_NS,
  REGISTER_NS,
  REGISTER_FORM_NS,
  CONFIG_NS,
  INFO_NS,
  REQUEST_NS,
  COMMANDS_NS,
  PING_NS,
  DISCO_INFO_NS,
  DISCO_ITEMS_NS,
];

export function roomInfo(house: House, room: Chatroom, query: RoomQuery): Element {
  const { payload, from } = query;
  const node = payload.attr("node");
  if (node !== undefined && node !== "") return nodeInfo(house, room, query, node);
  const { discos } = house.additions;
  const identity: Identity = { category: "conference", type: "text", name: room.value(NAME) || room.name };
  const identities = [identity, ...discos.flatMap((one) => one.identities?.(room, from) ?? [])];
  const features = [
    ...ALWAYS,
    ...stateOf(room),
    ...discos.flatMap((one) => one.features?.(room, from) ?? []),
  ];
  const forms = discos.flatMap((one) => one.forms?.(room, from) ?? []).map(readForm)
    .filter((form): form is Form => form !== undefined);
  return buildDiscoInfo({
    identities,
    features: [...new Set(features)].sort(),
    forms: [infoForm(house, room, query), ...forms],
  });
}

/** §15.3: what kind of room it is. */
function stateOf(room: Chatroom): string[] {
  return [
    room.value(PASSWORD) === "" ? "muc_unsecured" : "muc_passwordprotected",
    room.value(PUBLIC) ? "muc_public" : "muc_hidden",
    room.value(MEMBERS_ONLY) ? "muc_membersonly" : "muc_open",
    room.value(MODERATED) ? "muc_moderated" : "muc_unmoderated",
    room.value(WHOIS) === "anyone" ? "muc_nonanonymous" : "muc_semianonymous",
    room.value(PERSISTENT) ? "muc_persistent" : "muc_temporary",
  ];
}

function infoForm(house: House, room: Chatroom, { from, occupant, rights }: RoomQuery): Form {
  const inside = occupant !== undefined || atLeast(rights, "member");
  // §13.4: what goes on in a room that is not for everybody stays there.
  const open = inside || (!room.value(MEMBERS_ONLY) && room.value(PASSWORD) === "");
  const text = (name: string, label: string, value: string | undefined): Field[] =>
    value === undefined || value === "" ? [] : [{ var: name, type: "text-single", label, values: [value] }];
  const flag = (name: string, label: string, value: boolean): Field => ({
    var: name,
    type: "boolean",
    label,
    values: [value ? "1" : "0"],
  });
  const subject = room.subject?.stanza.source.childText("subject");
  const owners = [...room.standings("owner")].map(([jid]) => jid.toString());
  const contact: Field = {
    var: "muc#roominfo_contactjid",
    type: "jid-multi",
    label: "Owners",
    values: owners,
  };
  const most = room.value(MAX_USERS);
  const fields: Field[] = [
    formTypeField(INFO_NS),
    {
      var: "muc#roominfo_description",
      type: "text-single",
      label: "Description",
      values: [room.value(DESCRIPTION)],
    },
    ...text("muc#roominfo_lang", "Language", room.value(LANGUAGE)),
    ...(open ? text("muc#roominfo_occupants", "Occupants", String(room.size)) : []),
    ...(open ? text("muc#roominfo_subject", "Subject", subject) : []),
    flag("muc#roominfo_subjectmod", "Participants may change the subject", room.value(CHANGE_SUBJECT)),
    ...text("muc#roominfo_pubsub", "Node of the room", room.value(PUBSUB)),
    {
      var: "muc#maxhistoryfetch",
      type: "text-single",
      label: "Messages of the past",
      values: [String(house.historyOf(room))],
    },
    // Addresses of owners are as visible as those of occupants.
    ...(room.value(WHOIS) === "anyone" && open ? [contact] : []),
    { var: NAME.name, type: "text-single", label: "Name", values: [room.value(NAME)] },
    flag(CHANGE_SUBJECT.name, "Participants may change the subject", room.value(CHANGE_SUBJECT)),
    flag(ALLOW_INVITES.name, "Participants may invite others", room.value(ALLOW_INVITES)),
    flag(ALLOW_MEMBER_INVITES.name, "Members may invite others", room.value(ALLOW_MEMBER_INVITES)),
    { var: ALLOW_PM.name, type: "list-single", label: "Private messages", values: [room.value(ALLOW_PM)] },
    ...(most === "none" ? [] : text("muc#roomconfig_maxusers", "Most occupants", most)),
    ...pluginFields(house, room),
    ...house.additions.discos.flatMap((one) => one.info?.(room, from) ?? []),
  ];
  return { type: "result", fields };
}

function pluginFields(house: House, room: Chatroom): Field[] {
  const fields: Field[] = [];
  for (const { field, options } of house.additions.fields()) {
    if (options.info !== true) continue;
    const value = room.value(field);
    const values = Array.isArray(value) ? value.map(String) : value === null ? [] : [String(value)];
    fields.push({ var: field.name, label: field.shape.label, values });
  }
  return fields;
}

function nodeInfo(house: House, room: Chatroom, { from }: RoomQuery, node: string): Element {
  if (node === "x-roomuser-item") {
    const nick = room.standing(from)?.nick;
    const identities = nick === undefined ? [] : [{ category: "conference", type: "text", name: nick }];
    return buildDiscoInfo({ identities, features: [], forms: [] }, node);
  }
  // §18.1.1: nothing is taken out of what people say, but what only the room may say.
  if (node === `${MUC_NS}#traffic`) throw new StanzaError("service-unavailable");
  const command = house.additions.commandOf(node);
  if (command?.may(room, from) === true) {
    const identity = { category: "automation", type: "command-node", name: command.name };
    return buildDiscoInfo(
      { identities: [identity], features: [COMMANDS_NS, "jabber:x:data"], forms: [] },
      node,
    );
  }
  for (const one of house.additions.discos) {
    const known = one.node?.(room, from, node);
    if (known === undefined) continue;
    return buildDiscoInfo(
      { identities: known.identities ?? [], features: known.features ?? [], forms: [] },
      node,
    );
  }
  if (node === COMMANDS_NS) {
    const identity = { category: "automation", type: "command-list", name: "Commands" };
    return buildDiscoInfo({ identities: [identity], features: [COMMANDS_NS], forms: [] }, node);
  }
  throw new StanzaError("item-not-found", "there is no such node");
}

/** §6.5: who is in it is for those who are in it. */
export function roomItems(house: House, room: Chatroom, query: RoomQuery): Element {
  const node = query.payload.attr("node");
  const { from, occupant } = query;
  if (node === COMMANDS_NS) {
    const items = [...house.additions.commands()].filter((command) => command.may(room, from))
      .map((command): DiscoItem => ({ jid: room.jid.toString(), node: command.node, name: command.name }));
    return buildDiscoItems(items, node);
  }
  if (node !== undefined && node !== "") {
    for (const one of house.additions.discos) {
      const known = one.node?.(room, from, node);
      if (known !== undefined) return buildDiscoItems(known.items ?? [], node);
    }
    throw new StanzaError("item-not-found", "there is no such node");
  }
  if (occupant === undefined) return buildDiscoItems([]);
  // §15.5.3: nor are those in the list whose presence is shown to nobody.
  const shown = [...room.people.values()].filter((it) => it === occupant || isShown(room, it.role));
  return buildDiscoItems(shown.map(({ jid }) => ({ jid: jid.toString() })));
}
