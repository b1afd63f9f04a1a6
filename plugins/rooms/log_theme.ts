/**
 * What the pages of rooms look like: all of their style and all of their markup. Whatever comes from people goes through
 * `html`, which escapes it (BUG-35); the pages have no script, and say that they have none.
 */
import { html, raw } from "hono/html";
import { encodeBase64, encodeUtf8, hashed } from "#plugin";
import type { Line } from "./log_lines.ts";
import { DAY, nameOfDay } from "./log_reader.ts";

type Markup = ReturnType<typeof html>;

const STYLE = `
:root { --ink: #1d2129; --paper: #fff; --faint: #6a7280; --line: #e3e6eb; --accent: #23599b; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #dfe3ea; --paper: #16191f; --faint: #98a1b0; --line: #2c323d; --accent: #8db8ee; }
}
body { font: 1em/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 52em; margin: 2em auto; padding: 0 1em }
a { color: var(--accent) }
h1 { font-size: 1.5em; margin-bottom: 0 }
nav { display: flex; gap: 1.5em; flex-wrap: wrap; margin: 1em 0 }
footer, .about, time, .note { color: var(--faint) }
ol, ul { list-style: none; padding: 0 }
li { padding: .15em 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere }
li:target { background: var(--line) }
time a { color: inherit; text-decoration: none; font-variant-numeric: tabular-nums; margin-right: .8em }
.nick { font-weight: 600; margin-right: .5em }
.text { white-space: pre-wrap }
.action, .subject { font-style: italic }
table { border-collapse: collapse }
th, td { width: 2.6em; height: 2.2em; text-align: center; border: 1px solid var(--line) }
th, td { color: var(--faint); font-weight: normal }
td a { font-weight: 600 }
`;

/** Days of the week, from Monday (ISO 8601). */
const WEEK = ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"];
const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];

/** A room, as pages name it. */
export interface Shown {
  readonly title: string;
  readonly address: string;
  readonly description: string;
  readonly language: string;
}

/** Addresses are relative to the page: it does not matter under which name of the server it was fetched. */
export interface Links {
  readonly previous?: string | undefined;
  readonly next?: string | undefined;
}

export class Theme {
  readonly #style: string;
  /** Of every page: it shows what is in it and nothing else, and is not shown in another. */
  readonly headers: Readonly<Record<string, string>>;

  /** `more` is style of the administrator's, after ours. */
  constructor(more: string, indexed: boolean) {
    this.#style = STYLE + more;
    const hash = encodeBase64(hashed("SHA-256", encodeUtf8(this.#style)));
    this.headers = {
      "content-security-policy":
        `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "cache-control": "public, max-age=60",
      ...(indexed ? {} : { "x-robots-tag": "noindex, nofollow" }),
    };
  }

  rooms(
    host: string,
    rooms: readonly { readonly path: string; readonly shown: Shown }[],
    more?: string,
  ): Markup {
    const items = rooms.map(({ path, shown }) =>
      html`<li><a href="${path}">${shown.title}</a> <span class="note">${shown.address}</span><br>${shown.description}</li>`
    );
    return this.#page(
      "en",
      `Rooms of ${host}`,
      html`
        <h1>Rooms of ${host}</h1>
        <p class="about">What is said in these rooms can be read by everybody.</p>
        ${items.length === 0 ? html`<p>There are none now.</p>` : html`<ul>${items}</ul>`}
        ${more === undefined ? "" : html`<nav><a href="${more}">More rooms</a></nav>`}
      `,
    );
  }

  /** A month; days on which something was said lead to their pages. */
  calendar(
    shown: Shown,
    [from, to]: readonly [number, number],
    days: ReadonlySet<number>,
    links: Links,
  ): Markup {
    const date = new Date(from);
    const title = `${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()}`;
    const cells: (number | undefined)[] = Array.from({ length: (date.getUTCDay() + 6) % 7 });
    for (let day = from; day < to; day += DAY) cells.push(day);
    const weeks = Array.from(
      { length: Math.ceil(cells.length / 7) },
      (_, week) => cells.slice(week * 7, week * 7 + 7),
    );
    const cell = (day: number | undefined): Markup => {
      if (day === undefined) return html`<td></td>`;
      const number = new Date(day).getUTCDate();
      return days.has(day)
        ? html`<td><a href="${nameOfDay(day)}/">${number}</a></td>`
        : html`<td>${number}</td>`;
    };
    return this.#page(
      shown.language,
      `${shown.title}: ${title}`,
      html`
        ${heading(shown)}
        ${steps(links, "Earlier", "Later", html`<a href="../">All rooms</a>`)}
        <table>
          <caption>${title}</caption>
          <thead>
            <tr>${WEEK.map((day) => html`<th>${day}</th>`)}</tr>
          </thead>
          <tbody>${weeks.map((week) => html`<tr>${week.map(cell)}</tr>`)}</tbody>
        </table>
      `,
    );
  }

  /** What was said on a day, or a part of it. */
  day(
    shown: Shown,
    day: number,
    lines: readonly Line[],
    links: Links & { readonly more?: string | undefined },
  ): Markup {
    const name = nameOfDay(day);
    const { more } = links;
    return this.#page(
      shown.language,
      `${shown.title}: ${name}`,
      html`
        ${heading(shown)}
        <h2>${name}</h2>
        ${steps(links, "Day before", "Day after", html`<a href="../?month=${name.slice(0, 7)}">Calendar</a>`)}
        ${lines.length === 0 ? html`<p>Nothing to show.</p>` : html`<ol>${lines.map(lineMarkup)}</ol>`}
        ${more === undefined ? "" : html`<nav><a href="${more}">More of this day</a></nav>`}
      `,
    );
  }

  #page(language: string, title: string, content: Markup): Markup {
    return html`
      <!doctype html>
      <html lang="${language || "en"}">
        <head>
          <meta charset="utf-8">
          <meta name="viewport" content="width=device-width, initial-scale=1">
          <title>${title}</title>
          <style>${raw(this.#style)}</style>
        </head>
        <body>
                ${content}
                <footer>Times are UTC.</footer>
              </body>
      </html>
    `;
  }
}

function heading({ title, address, description }: Shown): Markup {
  return html`
    <h1>${title}</h1>
    <p class="about"><a href="xmpp:${address}?join">${address}</a> ${description}</p>
  `;
}

function steps({ previous, next }: Links, before: string, after: string, middle: Markup): Markup {
  return html`
    <nav>
      ${previous === undefined ? "" : html`<a rel="prev" href="${previous}">${before}</a>`}
      ${middle}
      ${next === undefined ? "" : html`<a rel="next" href="${next}">${after}</a>`}
    </nav>
  `;
}

function lineMarkup(line: Line): Markup {
  const { id, at, nick, kind, corrects } = line;
  const clock = new Date(at).toISOString();
  const note = corrects
    ? html`
      <span class="note">(corrected)</span>
    `
    : "";
  return html`
    <li id="${id}"
      class="${kind}"><time datetime="${clock}"><a href="#${id}">${clock.slice(
        11,
        19,
      )}</a></time><span class="nick">${kind === "action"
        ? `* ${nick}`
        : nick}</span><span class="text">${wordsMarkup(line)}</span>${note}</li>
  `;
}

function wordsMarkup({ kind, text }: Line): Markup | (Markup | string)[] {
  switch (kind) {
    case "encrypted":
      return html`<span class="note">(encrypted)</span>`;
    case "retracted":
      return html`<span class="note">(taken back)</span>`;
    case "subject":
      return html`has set the subject to: ${text}`;
    default:
      return linked(text);
  }
}

const ADDRESS = /\bhttps?:\/\/[^\s<>"'`]{1,2000}/g;

/** Addresses of the web in a text lead there; nothing else does. */
function linked(text: string): (Markup | string)[] {
  const parts: (Markup | string)[] = [];
  let end = 0;
  for (const { 0: found, index } of text.matchAll(ADDRESS)) {
    const address = found.replace(/[.,;:!?)\]}]+$/, "");
    if (!URL.canParse(address)) continue;
    parts.push(
      text.slice(end, index),
      html`<a rel="nofollow noopener noreferrer ugc" href="${address}">${address}</a>`,
    );
    end = index + address.length;
  }
  parts.push(text.slice(end));
  return parts;
}
